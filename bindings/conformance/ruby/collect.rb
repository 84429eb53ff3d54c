# frozen_string_literal: true

module Conformance
  # Finds out what the operations of a program make, and passes over what is malformed. It is done for
  # all bodies before one of them is read: an operation may name what a later one makes.
  class Collection
    def initialize
      @made = {}
    end

    # What is made of a name of the namespace: a list, as several operations can make the same one; or
    # nil.
    def [](space, name)
      @made[[space, name]]
    end

    def collect(body)
      return unless body.is_a?(Array)

      body.each do |op|
        next unless op.is_a?(Array) && (operation = Language::OPERATIONS[op.first])

        operation.arguments.zip(op.drop(1)) { |argument, value| collect_argument(argument, value) }
      end
    end

    private

    def collect_argument(argument, value)
      if argument.makes
        (@made[[argument.space, value]] ||= []) << argument.makes if Values.name?(value)
      elsif argument.kind == :ops
        collect(value)
      elsif argument.kind == :handlers && value.is_a?(Hash)
        value.values_at(*Language::HANDLERS).each { |ops| collect(ops) }
      end
    end
  end
end
