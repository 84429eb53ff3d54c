# frozen_string_literal: true

require_relative "helper"
require "monitor"
require "socket"

# Threads, tasks, cancels and closed descriptors against each other: nothing is lost, nothing comes twice.
class TestSchedulerStress < LibrunnerTest
  def random = @random ||= Random.new(Integer(ENV.fetch("LIBRUNNER_TEST_SEED", "1")))

  def test_threads_push_to_tasks
    Librunner.run do
      queue = Thread::Queue.new
      threads = Array.new(8) { |t| Thread.new { 2000.times { |i| queue << (t * 2000) + i } } }
      seen = Array.new(16_000, 0)
      tasks = Array.new(50) do
        Librunner.spawn do
          while (item = queue.pop)
            seen[item] += 1
          end
        end
      end
      threads.each(&:join)
      queue.close
      tasks.each(&:await)
      assert_equal [1], seen.uniq
      assert_equal 0, queue.num_waiting
    end
  end

  def test_tasks_push_to_threads_through_little_room
    Librunner.run do
      queue = Thread::SizedQueue.new(3)
      sums = Array.new(4) { Thread.new { sum = 0; while (item = queue.pop); sum += item; end; sum } }
      tasks = Array.new(20) { |t| Librunner.spawn { 200.times { |i| queue << (t * 200) + i } } }
      tasks.each(&:await)
      queue.close
      assert_equal (0...4000).sum, sums.sum(&:value)
    end
  end

  def test_ping_pong_of_a_condition
    Librunner.run do
      [Thread, Librunner::Task].each do |partner|
        mutex = Mutex.new
        condition = ConditionVariable.new
        turn = 0
        play = lambda do |side|
          1000.times do
            mutex.synchronize do
              condition.wait(mutex) until turn % 2 == side
              turn += 1
              condition.signal
            end
          end
        end
        other = partner == Thread ? Thread.new { play[1] } : Librunner.spawn { play[1] }
        play[0]
        partner == Thread ? other.join : other.await
        assert_equal 2000, turn
      end
    end
  end

  # Producers never stop; half of the consumers are cancelled anywhere in between.
  def test_cancelled_consumers_lose_nothing
    Librunner.run do
      queue = Thread::Queue.new
      mutex = Mutex.new
      got = Hash.new(0)
      consume = lambda do
        loop do
          item = queue.pop
          break unless item
          mutex.synchronize { Librunner.yield if item.even?; got[item] += 1 }
        rescue Librunner::CancelledError
          got[item] += 1 if item # it had it, and waited for the lock or in it
          raise
        end
      end
      consumers = Array.new(40) { Librunner.spawn(&->(_) { consume.call }) }
      thread = Thread.new { 1000.times { |i| queue << i; Thread.pass if (i % 10).zero? } }
      doomed = consumers.sample(20, random: random)
      doomed.each { |task| sleep(0.0005); task.cancel }
      producer = Librunner.spawn { (1000...2000).each { |i| queue << i; Librunner.yield if (i % 10).zero? } }
      producer.await
      thread.join
      queue.close
      consumers.each do |task|
        task.await
      rescue Librunner::CancelledError
        assert_includes doomed, task
      end
      assert_equal (0...2000).to_a, got.keys.sort
      assert_equal [1], got.values.uniq
      assert_equal [0, false], [queue.num_waiting, mutex.locked?]
    end
  end

  def test_thousands_are_cancelled_wherever_they_wait
    Librunner.run do
      queue = Thread::Queue.new
      mutex = Mutex.new.tap(&:lock)
      condition = ConditionVariable.new
      own = Mutex.new
      reader, writer = IO.pipe
      waits = [-> { sleep }, -> { sleep(1000) }, -> { queue.pop }, -> { mutex.synchronize { flunk } },
        -> { reader.wait_readable }, -> { own.synchronize { condition.wait(own) } },
        -> { own.synchronize { condition.wait(own, 1000) } }]
      tasks = Array.new(3000) { |i| Librunner.spawn(&->(_) { waits[i % waits.size].call }) }
      sleep(0)
      tasks.shuffle(random: random).each(&:cancel)
      tasks.each { |task| assert_raises(Librunner::CancelledError) { task.await } }
      assert_equal [0, false], [queue.num_waiting, own.locked?]
      mutex.unlock
      [reader, writer].each(&:close)
    end
  end

  def test_locks_are_fought_for
    Librunner.run do
      locks = [Monitor.new, Mutex.new]
      inside = [0, 0]
      most = [0, 0]
      work = lambda do |pause|
        50.times do
          locks.each_with_index do |lock, i|
            lock.synchronize do
              most[i] = [most[i], inside[i] += 1].max
              pause.call
            ensure
              inside[i] -= 1
            end
          end
        end
      end
      tasks = Array.new(20) { Librunner.spawn(&->(_) { work[-> { sleep(0) }] }) }
      threads = Array.new(3) { Thread.new { work[-> { Thread.pass }] } }
      doomed = tasks.sample(5, random: random)
      doomed.each { |task| sleep(0.0005); task.cancel }
      tasks.each do |task|
        task.await
      rescue Librunner::CancelledError
        assert_includes doomed, task
      end
      threads.each(&:join)
      assert_equal [[0, 0], [1, 1]], [inside, most]
      refute_predicate locks[1], :locked?
    end
  end

  def test_descriptors_are_closed_and_used_again_under_waiters
    Librunner.run { nil } # what is made once for the process is made
    before = descriptors
    Librunner.run do
      server = TCPServer.new("127.0.0.1", 0)
      serving = Librunner.spawn do
        loop do
          client = server.accept
          Librunner.spawn do
            IO.copy_stream(client, client)
          rescue SystemCallError, IOError
            nil
          ensure
            client.close
          end
        end
      end
      counts = Hash.new(0)
      tasks = Array.new(30) do |i|
        Librunner.spawn do
          10.times do |n|
            socket = TCPSocket.new("127.0.0.1", server.addr[1])
            socket.puts("#{i} #{n}")
            assert_equal "#{i} #{n}\n", socket.gets
            waiting = Librunner.spawn { socket.gets } # for what never comes
            Librunner.yield
            counts[end_wait(waiting, socket)] += 1
          end
        end
      end
      tasks.each(&:await)
      assert_equal 300, counts.values.sum
      assert_operator counts.size, :>=, 3, counts.inspect
      serving.cancel
      server.close
    end
    assert_no_descriptors_left(before)
  end

  # Ends the wait of a task for a socket in one way or the other, closes the socket, and says how it has ended.
  def end_wait(waiting, socket)
    case random.rand(4)
    when 0 then waiting.cancel
    when 1 then socket.close
    when 2 then socket.shutdown(:WR)
    when 3 then thread = Thread.new { socket.close }
    end
    waiting.await.class
  rescue IOError, Librunner::CancelledError => e
    e.class
  ensure
    thread&.join
    socket.close
  end

  def test_threads_and_tasks_are_joined
    Librunner.run do
      threads = Array.new(50) { |i| Thread.new { Kernel.sleep(random.rand(5) / 1000.0); i } }
      tasks = Array.new(200) { |i| Librunner.spawn { threads[i % 50].value } }
      tasks.each_with_index { |task, i| assert_equal i % 50, task.await }
    end
  end

  def test_runs_in_threads_talk_to_each_other
    queues = Array.new(3) { Thread::Queue.new }
    threads = Array.new(3) do |i|
      Thread.new do
        Librunner.run do
          tasks = Array.new(5) { Librunner.spawn { 100.times { queues[(i + 1) % 3] << queues[i].pop + 1 } } }
          tasks.each(&:await)
        end
      end
    end
    5.times { |i| queues[i % 3] << 0 }
    threads.each(&:join)
    left = queues.flat_map { |queue| Array.new(queue.size) { queue.pop } }
    assert_equal [5, 1500], [left.size, left.sum]
  end
end
