# frozen_string_literal: true

require "fiber"
require_relative "../plain"

# Fibers without a loop: the floor of whatever is made of them. They wait for nothing but the next
# resume. HTTP is one request after the other.
module Peer
  extend Plain

  class << self
    undef_method :sleep0_1, :sleep0_1000, :queue, :echo, :echo_open, :callbacks_busy

    def spawn_await(count)
      seconds = Measure.seconds do
        count.times do
          fiber = Fiber.new { Fiber.yield }
          fiber.resume
          fiber.resume
        end
      end
      [seconds, count]
    end

    def spawn_1000(count)
      rounds = [count / 1_000, 1].max
      seconds = Measure.seconds do
        rounds.times do
          fibers = Array.new(1_000) { Fiber.new { Fiber.yield } }
          fibers.each(&:resume)
          fibers.each(&:resume)
        end
      end
      [seconds, 1_000 * rounds]
    end

    def yield_1(count)
      fiber = Fiber.new { loop { Fiber.yield } }
      [Measure.seconds { count.times { fiber.resume } }, count]
    end

    def yield_1000(count)
      rounds = [count / 1_000, 1].max
      fibers = Array.new(1_000) { Fiber.new { loop { Fiber.yield } } }
      fibers.each(&:resume)
      [Measure.seconds { rounds.times { fibers.each(&:resume) } }, 1_000 * rounds]
    end

    def run
      yield
    end

    def spawn(&block)
      Fiber.new(&block).tap(&:resume)
    end

    def rest
      Fiber.yield
    end

    def await(_fiber); end

    def give_way; end
  end
end
