# frozen_string_literal: true

module Librunner
  # What the close of a runner has found: {Runner#report} gives it.
  # @since 0.1
  class Report
    include Enumerable

    # One thing that was found.
    # @since 0.1
    Entry = Struct.new(:kind, :error, :id, :name, :waits)

    # @api private
    def initialize(entries) = @entries = entries.freeze
    def each(&block) = @entries.each(&block)
  end
end
