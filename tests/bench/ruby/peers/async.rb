# frozen_string_literal: true

require "async"
require_relative "../plain"

# The gem async, with its scheduler for plain Ruby.
module Peer
  extend Plain

  class << self
    def spawn_await(count)
      seconds = inside do |main|
        Measure.seconds { count.times { main.async(&:yield).wait } }
      end
      [seconds, count]
    end

    def spawn_1000(count)
      rounds = [count / 1_000, 1].max
      seconds = inside do |main|
        Measure.seconds do
          rounds.times { Array.new(1_000) { main.async(&:yield) }.each(&:wait) }
        end
      end
      [seconds, 1_000 * rounds]
    end

    def yield_1(count)
      [inside { |main| Measure.seconds { count.times { main.yield } } }, count]
    end

    def yield_1000(count)
      crowd(1_000, count) { |task| task.yield }
    end

    def run(&block)
      Async(&block).wait
    end

    def spawn(&block)
      Async::Task.current.async(&block)
    end

    def await(task)
      task.wait
    end

    def give_way
      Async::Task.current.yield
    end

    def callback_in(seconds)
      spawn do
        sleep seconds
        yield
      end
    end
  end
end
