# frozen_string_literal: true

require_relative "../plain"

# A thread for each task.
module Peer
  extend Plain

  class << self
    def spawn_await(count)
      [Measure.seconds { count.times { Thread.new { Thread.pass }.join } }, count]
    end

    def spawn_1000(count)
      rounds = [count / 1_000, 1].max
      seconds = Measure.seconds do
        rounds.times { Array.new(1_000) { Thread.new { Thread.pass } }.each(&:join) }
      end
      [seconds, 1_000 * rounds]
    end

    def yield_1(count)
      [Measure.seconds { count.times { Thread.pass } }, count]
    end

    def yield_1000(count)
      crowd(1_000, count) { Thread.pass }
    end

    def run
      yield
    end

    def spawn(&block)
      Thread.new(&block)
    end

    def await(thread)
      thread.join
    end

    def give_way
      Thread.pass
    end

    def callback_in(seconds)
      Thread.new do
        sleep seconds
        yield
      end
    end
  end
end
