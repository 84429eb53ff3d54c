# frozen_string_literal: true

require_relative "lib/librunner/version"

Gem::Specification.new do |spec|
  spec.name = "librunner"
  spec.version = Librunner::VERSION
  spec.authors = ["The librunner authors"]
  spec.summary = "asyncio.Runner for Ruby: tasks on an event loop, cancelled cleanly, shut down in order"
  spec.description = <<~TEXT
    A runner owns an event loop, runs a main task on it, hands its result back, cancels it cleanly on
    Ctrl-C, and shuts everything down in a fixed order. Inside of it plain Ruby does not block: sleep,
    sockets, Net::HTTP, queues, timeouts, processes. It stands on the C library librunner, which has to
    be installed.
  TEXT
  spec.license = "MIT"
  spec.homepage = "https://example.org/librunner"
  spec.metadata = { "rubygems_mfa_required" => "true" }

  spec.required_ruby_version = ">= 3.1"
  spec.extensions = ["ext/librunner/extconf.rb"]
  spec.requirements = ["librunner #{spec.version.segments.first(2).join(".")}, the C library", "pkg-config"]
  spec.extra_rdoc_files = %w[README.md LICENSE]
  spec.files = Dir.chdir(__dir__) do
    Dir["lib/**/*.rb", "ext/librunner/*.{c,h,rb}", "sig/**/*.{rbs,yaml}", "README.md", "LICENSE", ".yardopts"].sort
  end
end
