# frozen_string_literal: true

module Conformance
  # A list of operations that is run by a task, or by the close of a closable.
  #
  # Operations give nil if the next one follows, and the value if a return was reached. Errors are
  # raised.
  class Body
    attr_reader :path

    def initialize(world, path, list)
      @world = world
      @path = path
      @list = list
      @innermost = nil # of the groups that are open
      @caught = nil    # by the innermost handler that runs
      @ended = false
    end

    def ended?
      @ended
    end

    # Runs the whole body, from its start to its end.
    def run
      line("start")
      value = ops(@list) || 0
    rescue Exception => e
      finish(Outcomes.of_error(e))
      raise
    else
      finish("value #{value}")
      value
    end

    private

    def finish(outcome)
      @ended = true
      line("end #{outcome}")
    end

    def line(what)
      @world.trace.line(@path, what)
    end

    def ops(list)
      list.each do |op|
        returned = op(op)
        return returned if returned
      end
      nil
    end

    # Those that can reach a return are here, the others in plain.
    def op(op)
      case op.word
      when :return then op.number
      when :try then try(op)
      when :group then group(op)
      when :timeout then timeout(op)
      when :lock then lock(op)
      when :sem then semaphore(op)
      when :repeat then repeat(op)
      else
        plain(op)
        nil
      end
    end

    # An operation after which the next one follows.
    def plain(op)
      case op.word
      when :yield then Librunner.yield
      when :sleep then Librunner.sleep(op.seconds)
      when :fail then raise Failure, op.failure
      when :raise then raise @caught
      when :spawn, :gspawn then spawn(op)
      when :await then await(op)
      when :shield then shield(op)
      when :gather then gather(op)
      when :wait then wait(op)
      when :cancel_self then line("cancel self #{Librunner.current_task.cancel}")
      when :cancelling then line("cancelling #{Librunner.current_task.cancelling}")
      when :uncancel then line("uncancel #{Librunner.current_task.uncancel}")
      when :state then state(op)
      when :event_clear then find(:events, op).clear
      when :event_wait then find(:events, op).wait
      when :put then find(:queues, op).put(op.number)
      when :get then get(op)
      when :future, :event_new, :lock_new, :sem_new, :queue_new then make(op)
      when :var_set then @world.variable(op.name).set(op.number)
      when :var_get then read_variable(op)
      when :closable then closable(op)
      else @world.shared(@path, op)
      end
    end

    def find(names, op)
      @world.find(@world.public_send(names), op.name)
    end

    # Binds a name to something new.
    def make(op)
      case op.word
      when :future then @world.bind(op.name, Handle.new(@world.loop.create_future))
      when :event_new then @world.events[op.name] = Librunner::Event.new
      when :lock_new then @world.locks[op.name] = Librunner::Lock.new
      when :sem_new then @world.semaphores[op.name] = Librunner::Semaphore.new(op.number)
      when :queue_new then @world.queues[op.name] = Librunner::Queue.new(op.number)
      end
    end

    def get(op)
      line("got #{find(:queues, op).get}")
    end

    def read_variable(op)
      variable = @world.variable(op.name)
      line("var #{op.name} #{variable.value? ? variable.get : "unset"}")
    end

    # All that are made by one path under one name have the same path.
    def closable(op)
      inside = Body.new(@world, "#{@path}/~#{op.name}", op.body)
      Librunner.register("~#{op.name}") { inside.run }
    end
  end
end
