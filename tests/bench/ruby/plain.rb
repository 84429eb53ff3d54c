# frozen_string_literal: true

require "net/http"
require "socket"
require_relative "measure"

# Operations that are plain Ruby, and so the same for every peer. A peer extends itself with them and
# adds what differs:
#
#   run { }            has tasks run, and returns when the block has ended
#   spawn { }          starts a task
#   await(task)        waits for it; raises what it raised
#   give_way           lets other tasks run
#   callback_in(s) { } a callback, or a task, after so many seconds
#
# Each returns seconds and the number of operations in them.
module Plain
  MESSAGE = ("librunner " * 7)[0, 64].freeze
  HTTP_BODY = "hello world\n"
  CALLBACKS = 100
  CLIENTS = 1_000
  ROUNDS = 20
  SLEEPERS = 10_000

  def sleep0_1(count)
    [inside { Measure.seconds { count.times { sleep 0 } } }, count]
  end

  def sleep0_1000(count)
    crowd(1_000, count) { sleep 0 }
  end

  # Two tasks, each of which waits for what the other pushes: a hop is a push and the pop it ends.
  def queue(count)
    seconds = inside do
      there = Thread::Queue.new
      back = Thread::Queue.new
      other = spawn { count.times { back << there.pop } }
      time = Measure.seconds do
        count.times do
          there << 1
          back.pop
        end
      end
      await(other)
      time
    end
    [seconds, 2 * count]
  end

  # Hands out the results while they sleep: no end is waited for.
  def sleepers
    inside do
      asleep = 0
      GC.start
      before = Measure.memory
      tasks = []
      time = Measure.seconds do
        SLEEPERS.times do
          tasks << spawn do
            asleep += 1
            rest
          end
        end
        give_way until asleep == SLEEPERS
        give_way # what the last of them keeps for the loop has been done then
      end
      GC.start
      yield "sleepers_start", time, "s"
      yield "sleepers_bytes", (Measure.memory - before).fdiv(tasks.size), "B"
    end
  end

  def echo(_count)
    seconds = inside do
      Measure.seconds do
        clients do
          socket = connect
          converse(socket)
          socket.close
        end
      end
    end
    [seconds, CLIENTS * ROUNDS]
  end

  # The round trips alone.
  def echo_open(_count)
    seconds = inside do
      sockets = Array.new(CLIENTS) { connect }
      time = Measure.seconds { clients { |index| converse(sockets[index]) } }
      sockets.each(&:close)
      time
    end
    [seconds, CLIENTS * ROUNDS]
  end

  def http(_count)
    uri = URI("http://127.0.0.1:#{ENV.fetch("BENCH_HTTP")}/")
    seconds = inside do
      Measure.seconds do
        clients { request(uri) == HTTP_BODY or raise "another body" }
      end
    end
    [seconds, CLIENTS]
  end

  # From the time they are due until the last has run.
  def callbacks_busy(_count)
    ended = 0
    late = inside do
      due = Measure.now + 0.2
      finished = Thread::Queue.new
      busy = Thread.new { nil while finished }
      CALLBACKS.times do
        callback_in(due - Measure.now) do
          ended += 1
          finished << Measure.now if ended == CALLBACKS
        end
      end
      last = finished.pop
      busy.kill
      last - due
    end
    [late, 1]
  end

  # Waits for what never comes.
  def rest
    sleep 1_000
  end

  # ---- what they are made of -------------------------------------------------------------------

  # The value of the block, which run need not return.
  def inside
    value = nil
    run { |main| value = yield main }
    value
  end

  # Tasks that all begin together: starting them is not in the time.
  def crowd(size, count)
    rounds = [count / size, 1].max
    seconds = inside do
      gate = Thread::Queue.new
      tasks = Array.new(size) do
        spawn do |task|
          gate.pop
          rounds.times { yield task }
        end
      end
      give_way until gate.num_waiting == size
      Measure.seconds do
        gate.close
        tasks.each { |task| await(task) }
      end
    end
    [seconds, size * rounds]
  end

  def clients
    tasks = Array.new(CLIENTS) { |index| spawn { yield index } }
    tasks.each { |task| await(task) }
  end

  def connect
    TCPSocket.open("127.0.0.1", ENV.fetch("BENCH_ECHO"))
  end

  def request(uri)
    Net::HTTP.get(uri)
  end

  def converse(socket)
    ROUNDS.times do
      socket.write(MESSAGE)
      socket.read(MESSAGE.bytesize) == MESSAGE or raise "another message came back"
    end
  end
end
