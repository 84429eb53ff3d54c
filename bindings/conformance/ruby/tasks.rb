# frozen_string_literal: true

module Conformance
  # Operations on tasks and futures.
  class Body
    MODES = { first: :first_completed, first_error: :first_exception, all: :all_completed }.freeze
    private_constant :MODES

    private

    def spawn(op)
      spawner = op.word == :gspawn ? @innermost : Librunner
      handle = @world.spawned(@path, op.task) do |child|
        spawner.spawn(name: child.path) { child.run }
      end
      @world.bind(op.name, handle)
    end

    def state(op)
      handle = find(:handles, op).awaitable
      line("state #{op.name} #{handle.done? ? Outcomes.of { handle.result } : "pending"}")
    end

    def await(op)
      line("got #{awaitable(op.name).await}")
    end

    def shield(op)
      line("got #{Librunner.shield(awaitable(op.name))}")
    end

    # What has to be waited for in place of a handle. In asyncio a task that the shutdown has given up
    # stays pending for ever.
    def awaitable(name)
      handle = @world.find(@world.handles, name)
      handle.given_up? ? @world.loop.create_future : handle.awaitable
    end

    def gather(op)
      awaitables = op.names.map { |name| awaitable(name) }
      items = Librunner.gather(*awaitables, return_exceptions: op.flag)
      line("gathered [#{items.map { |item| Outcomes.of_item(item) }.join(", ")}]")
    end

    # Names those that are done and those that are not in argument order.
    def wait(op)
      names = op.names.uniq
      awaitables = names.map { |name| awaitable(name) }
      done, = Librunner.wait(awaitables, timeout: op.seconds, return_when: MODES.fetch(op.mode))
      both = names.zip(awaitables).partition { |_, one| done.include?(one) }
      done, pending = both.map { |pairs| pairs.map(&:first).join(" ") }
      line("done [#{done}] pending [#{pending}]")
    end
  end
end
