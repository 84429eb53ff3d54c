# frozen_string_literal: true

# ruby -r ruby_types.rb TEST_FILE, with TYPE_ERRORS=FILE
# Each call of a public method is held against its signature: what it is given, what its block is given
# and gives, what it returns. What does not fit is written into the file, once for each place.
# A call that raises may have been given anything.
require "rbs"
require "rbs/test"
require "librunner"
require_relative "signatures"

# The tester of RBS raises, in the middle of what is tested.
module TypeErrorsInFile
  SEEN = {}

  def call(receiver, trace)
    super unless trace.method_call.exception?
  rescue RBS::Test::Tester::TypeError => e
    e.errors.each { |error| note(RBS::Test::Errors.to_string(error)) }
  rescue StandardError => e
    raise if e.class.name&.start_with?("Test") # a test has sent it here, from another thread

    note("#{trace.method_name}: the tester fails: #{e.message} (#{e.class})")
  end

  private

  def note(text)
    File.write(ENV.fetch("TYPE_ERRORS"), "#{text}\n", mode: "a") unless SEEN[text]
    SEEN[text] = true
  end
end
RBS::Test::Tester::MethodCallTester.prepend(TypeErrorsInFile)

RBS.logger_level = "error"
env = Signatures.environment(File.expand_path("../../bindings/ruby/sig", __dir__))
tester = RBS::Test::Tester.new(env: env)

modules = [Librunner]
modules.each do |mod|
  modules.concat(mod.constants(false).map { |name| mod.const_get(name) }.grep(Module) - modules)
end
modules.each do |mod|
  next unless env.class_decls.key?(Signatures.type_name(mod.name))

  tester.install!(mod, sample_size: 100, unchecked_classes: [])
end
