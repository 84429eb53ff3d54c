# frozen_string_literal: true

module Librunner
  # Where tasks hand items to tasks, as asyncio.Queue. Tasks and callbacks of one runner may use it: the
  # one that first does. Other threads use a `Thread::Queue`.
  #
  # @example
  #   queue = Librunner::Queue.new(10)
  #   Librunner.spawn { 3.times { |i| queue.put(i) }; queue.shutdown }
  #   loop { p queue.get } rescue Librunner::QueueShutdown
  # @since 0.1
  class Queue
    include Construct

    ORDERS = {fifo: Core::RUNNER_QUEUE_FIFO, lifo: Core::RUNNER_QUEUE_LIFO,
              priority: Core::RUNNER_QUEUE_PRIORITY}.freeze
    private_constant :ORDERS

    # @return [Integer] how many items it has room for; 0 is no limit
    attr_reader :maxsize

    # @param maxsize [Integer] how many items it has room for; 0 is no limit
    # @param order [:fifo, :lifo, :priority] which item comes out next: the first that was put, the last,
    #   or the one of the lowest priority, and of equal ones the first
    # @raise [ArgumentError, TypeError] maxsize is no number from 0, or order is none of these
    def initialize(maxsize = 0, order: :fifo)
      @maxsize = count(:maxsize, maxsize, 0)
      @order = ORDERS.fetch(order) do
        raise ArgumentError, "order: must be one of #{ORDERS.keys.inspect}, not #{order.inspect}"
      end
    end

    # Puts an item into the queue, and waits while it is full. If this raises, it was not put.
    # @param item [Object] of any kind, nil too
    # @param priority [Integer] of a queue of this order, else without a meaning
    # @return [nil]
    # @raise [QueueShutdown] the queue was shut down
    # @raise [CancelledError] the task was cancelled
    # @raise [NoTaskError] no task runs
    # @raise [ForeignError] it belongs to another runner
    # @raise [TypeError, RangeError] priority is no Integer of 64 bits
    def put(item, priority: 0)
      to = engine
      handing(to, item, priority) { |kept| to.wait(Core::RUNNER_HOST_QUEUE_PUT, @id, priority, kept) }
    end

    # Puts an item as {#put} does, but only if there is room.
    # @param item [Object] of any kind, nil too
    # @param priority [Integer] of a queue of this order, else without a meaning
    # @return [nil]
    # @raise [QueueFull] there is no room
    # @raise [QueueShutdown] the queue was shut down
    # @raise [ForeignError] it belongs to another runner
    # @raise [NoTaskError] it was never used, and nothing runs in this thread
    # @raise [WrongThreadError] another thread runs the runner
    # @raise [ClosedError] the runner is closed
    # @raise [TypeError, RangeError] priority is no Integer of 64 bits
    def put_nowait(item, priority: 0)
      to = engine
      handing(to, item, priority) do |kept|
        to.command(Core::RUNNER_HOST_QUEUE_PUT_NOWAIT, @id, priority, kept)
      end
    end

    # Takes the next item out of the queue, and waits while it is empty.
    # @return [Object] the item
    # @raise [QueueShutdown] the queue was shut down and is empty
    # @raise [CancelledError] the task was cancelled
    # @raise [NoTaskError] no task runs
    # @raise [ForeignError] it belongs to another runner
    def get
      from = park(Core::RUNNER_HOST_QUEUE_GET)
      from.take(from.b)
    end

    # Takes the next item out of the queue if there is one.
    # @return [Object] the item
    # @raise [QueueEmpty] there is none
    # @raise [QueueShutdown] the queue was shut down and is empty
    # @raise [Error] as of {#put_nowait}
    def get_nowait
      from = tell(Core::RUNNER_HOST_QUEUE_GET_NOWAIT)
      from.take(from.b)
    end

    # Says that the work on an item that was taken out is done.
    # @return [nil]
    # @raise [InvalidStateError] that was said for every item before
    # @raise [Error] as of {#put_nowait}
    def task_done
      tell(Core::RUNNER_HOST_QUEUE_TASK_DONE)
      nil
    end

    # Waits until {#task_done} was called for every item that was put.
    # @return [nil]
    # @raise [CancelledError] the task was cancelled
    # @raise [NoTaskError] no task runs
    # @raise [ForeignError] it belongs to another runner
    def join
      park(Core::RUNNER_HOST_QUEUE_JOIN)
      nil
    end

    # Shuts the queue down: nothing can be put any more, and once it is empty nothing can be got. Who waits
    # to put or get is woken with {QueueShutdown}.
    # @param immediate [Boolean] it is emptied now, and each of its items counts as done
    # @return [nil]
    # @raise [Error] as of {#put_nowait}
    def shutdown(immediate: false)
      tell(Core::RUNNER_HOST_QUEUE_SHUTDOWN, immediate ? 1 : 0)
      nil
    end

    # @return [Integer] how many items are in the queue
    # @raise [Error] as of {#put_nowait}
    def size = tell(Core::RUNNER_HOST_QUEUE_COUNT).b
    alias length size

    # @return [Boolean] whether there is no item
    # @raise [Error] as of {#put_nowait}
    def empty? = size.zero?

    # @return [Boolean] whether there is no room
    # @raise [Error] as of {#put_nowait}
    def full? = @maxsize.positive? && size >= @maxsize

    private

    def make(engine) = made(engine, Core::RUNNER_HOST_QUEUE_NEW, @maxsize, @order)

    # The library carries the item by its number, which is taken back unless the queue has it.
    def handing(to, item, priority)
      raise TypeError, "priority: must be an Integer, not #{priority.inspect}" unless priority.is_a?(Integer)

      kept = to.keep(item)
      begin
        status = yield kept
      ensure
        to.take(kept) unless status == 0 # rubocop:disable Style/NumericPredicate
      end
      raise Librunner.error_for(status) unless status.zero?
    end
  end
end
