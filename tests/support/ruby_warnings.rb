# frozen_string_literal: true

# ruby -w -r ruby_warnings.rb ...
# A warning of Ruby about a file of the binding is an error: it is raised where it is given, and if
# somebody rescues that, the process fails at its end.
module WarningsAreErrors
  OURS = File.expand_path("../../bindings/ruby", __dir__)
  GIVEN = []

  # What a program says with Kernel#warn is no warning of Ruby. That IO::Buffer is experimental is
  # said of whoever flushes a stream.
  def warn(message, *, **)
    super
    return if !message.include?(OURS) || message.include?("IO::Buffer is experimental")
    return if caller_locations(1, 4).any? { |frame| frame.path.match?(/<internal:warning>|kernel_warn/) }

    GIVEN << message
    raise "a warning: #{message}"
  end
end

%i[deprecated experimental performance strict_unused_block].each do |category|
  Warning[category] = true
rescue ArgumentError
  nil # not in this version
end
Warning.singleton_class.prepend(WarningsAreErrors)
at_exit { abort "warnings were given: #{WarningsAreErrors::GIVEN.join}" if WarningsAreErrors::GIVEN.any? }
