# frozen_string_literal: true

require "librunner"
require_relative "../plain"

# What is measured.
module Peer
  extend Plain

  class << self
    def spawn_await(count)
      seconds = inside do
        Measure.seconds { count.times { Librunner.spawn { Librunner.yield }.await } }
      end
      [seconds, count]
    end

    def spawn_1000(count)
      rounds = [count / 1_000, 1].max
      seconds = inside do
        Measure.seconds do
          rounds.times { Array.new(1_000) { Librunner.spawn { Librunner.yield } }.each(&:await) }
        end
      end
      [seconds, 1_000 * rounds]
    end

    def yield_1(count)
      [inside { Measure.seconds { count.times { Librunner.yield } } }, count]
    end

    def yield_1000(count)
      crowd(1_000, count) { Librunner.yield }
    end

    def run(&block)
      Librunner::Runner.open do |runner|
        @loop = runner.loop
        runner.run(&block)
      end
    end

    def spawn(&block)
      Librunner.spawn(&block)
    end

    def await(task)
      task.await
    end

    def give_way
      Librunner.yield
    end

    def callback_in(seconds, &block)
      @loop.call_later(seconds, &block)
    end
  end
end
