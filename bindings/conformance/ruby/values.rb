# frozen_string_literal: true

module Conformance
  # Which values an argument of each kind takes.
  module Values
    # A double, all that some languages have, holds numbers up to it exactly.
    NUMBERS = (-(2**53)..2**53)
    CONTROLS = "\x00-\x1f"
    NAME = /\A[a-z][a-z0-9_]*\z/
    ERROR_NAME = /\A[A-Z][A-Za-z]*\z/
    MODES = %w[first first_error all].freeze
    private_constant :NUMBERS, :NAME, :ERROR_NAME, :MODES

    module_function

    # What has a fraction or an exponent is a Float.
    def number?(value)
      value.is_a?(Integer) && NUMBERS.cover?(value)
    end

    def natural?(value)
      number?(value) && value >= 0
    end

    # Control characters are out, as a trace has one line for each event.
    def text?(value)
      value.is_a?(String) && value.count(CONTROLS).zero?
    end

    def name?(value)
      value.is_a?(String) && NAME.match?(value)
    end

    def names?(value)
      value.is_a?(Array) && value.all? { |name| name?(name) }
    end

    def handlers?(value)
      value.is_a?(Hash) && value.each_value.all?(Array)
    end

    def accepts?(kind, value)
      case kind
      when :text then text?(value)
      when :number then number?(value)
      when :time, :count then natural?(value)
      when :name then name?(value)
      when :names then names?(value)
      when :some_names then names?(value) && !value.empty?
      when :error_name then value.is_a?(String) && ERROR_NAME.match?(value)
      when :task then value.is_a?(String)
      when :ops then value.is_a?(Array)
      when :handlers then handlers?(value)
      when :flag then [true, false].include?(value)
      when :mode then MODES.include?(value)
      when :time_or_null then value.nil? || natural?(value)
      end
    end
  end
end
