# frozen_string_literal: true

require_relative "helper"
require "io/wait"
require "socket"
require "tempfile"

# Descriptors under the scheduler: pipes, sockets, files; times, cancels, and what is closed.
class TestSchedulerIO < LibrunnerTest
  def before_setup
    super
    Librunner.run { IO.pipe.each(&:close) } # what is made once for the process is made
    ObjectSpace.garbage_collect # what other tests have left
    @descriptors = descriptors
  end

  def after_teardown
    super
    ObjectSpace.garbage_collect
    assert_no_descriptors_left(@descriptors)
  end

  def test_a_pipe_between_tasks
    Librunner.run do
      reader, writer = IO.pipe
      beats = 0
      beat = Librunner.spawn { loop { sleep(0.001); beats += 1 } }
      lines = Librunner.spawn { reader.each_line.to_a }
      # A line is written when the beat has come on, while the other task waits for it.
      3.times { |i| sleep(0.001) until beats > i; writer.puts(i) }
      writer.close
      assert_equal %W[0\n 1\n 2\n], lines.await
      beat.cancel
      reader.close
    end
  end

  def test_more_than_a_pipe_holds
    Librunner.run do
      reader, writer = IO.pipe
      data = "x" * 1_000_000
      write = Librunner.spawn { writer.write(data).tap { writer.close } }
      assert_equal data.size, reader.read.size
      assert_equal data.size, write.await
      reader.close
    end
  end

  def test_a_socket_echoes_to_many_at_once
    Librunner.run do
      server = TCPServer.new("127.0.0.1", 0)
      accepting = Librunner.spawn do
        loop do
          client = server.accept
          Librunner.spawn { IO.copy_stream(client, client); client.close }
        end
      end
      clients = Array.new(50) do |i|
        Librunner.spawn do
          socket = TCPSocket.new("127.0.0.1", server.addr[1])
          replies = Array.new(10) { |n| socket.puts("#{i} #{n}"); socket.gets }
          socket.close
          replies
        end
      end
      clients.each_with_index { |client, i| assert_equal Array.new(10) { |n| "#{i} #{n}\n" }, client.await }
      accepting.cancel
      server.close
    end
  end

  def test_unix_sockets_and_datagrams
    Librunner.run do
      a, b = UNIXSocket.pair
      got = Librunner.spawn { b.readpartial(10) }
      Librunner.yield
      a << "stream"
      assert_equal "stream", got.await
      one = UDPSocket.new.tap { |socket| socket.bind("127.0.0.1", 0) }
      two = UDPSocket.new
      got = Librunner.spawn { one.recvfrom(10).first }
      Librunner.yield
      two.send("datagram", 0, "127.0.0.1", one.addr[1])
      assert_equal "datagram", got.await
      [a, b, one, two].each(&:close)
    end
  end

  def test_a_wait_tells_what_is_ready
    Librunner.run do
      reader, writer = UNIXSocket.pair
      assert_nil reader.wait_readable(0.001)
      assert_same writer, writer.wait_writable(1)
      scheduler = Fiber.scheduler
      both = IO::READABLE | IO::WRITABLE
      assert_equal IO::WRITABLE, scheduler.io_wait(reader, both, 1)
      assert_equal false, scheduler.io_wait(reader, IO::READABLE, 0)
      writer << "x"
      assert_equal IO::READABLE, scheduler.io_wait(reader, IO::READABLE)
      assert_equal both, scheduler.io_wait(reader, both, 0)
      [reader, writer].each(&:close)
    end
  end

  def test_urgent_data
    Librunner.run do
      server = TCPServer.new("127.0.0.1", 0)
      client = TCPSocket.new("127.0.0.1", server.addr[1])
      other = server.accept
      waiting = Librunner.spawn { Fiber.scheduler.io_wait(other, IO::PRIORITY, 60) }
      Librunner.yield
      client.send("!", Socket::MSG_OOB)
      assert_equal IO::PRIORITY, waiting.await
      [server, client, other].each(&:close)
    end
  end

  def test_a_wait_takes_its_time_and_no_more
    virtual do
      reader, writer = IO.pipe
      start = Librunner.current_loop.time
      assert_nil reader.wait_readable(3)
      assert_in_delta 3, Librunner.current_loop.time - start, 1e-9
      [reader, writer].each(&:close)
    end
  end

  def test_files_are_always_ready
    Librunner.run do
      Tempfile.create do |file|
        file << "text"
        file.rewind
        assert_same file, file.wait_readable(1)
        assert_equal "text", file.read
      end
      File.open("/dev/null") { |null| assert_nil null.read(1) }
      assert_equal "librunner\n", IO.popen(%w[echo librunner], &:read)
    end
  end

  def test_the_other_side_goes
    Librunner.run do
      a, b = UNIXSocket.pair
      reading = Librunner.spawn { b.read }
      Librunner.yield
      a.close
      assert_equal "", reading.await
      assert_raises(Errno::EPIPE) { b.write("x") }
      b.close
      refused = TCPServer.open("127.0.0.1", 0) { |server| server.addr[1] }
      assert_raises(Errno::ECONNREFUSED) { TCPSocket.new("127.0.0.1", refused) }
    end
  end

  def test_several_wait_for_one_descriptor
    Librunner.run do
      a, b = UNIXSocket.pair
      readers = Array.new(3) { Librunner.spawn { b.wait_readable } }
      writer = Librunner.spawn { b.wait_writable }
      assert_same b, writer.await
      readers.each { |reader| refute_predicate reader, :done? }
      a << "x"
      readers.each { |reader| assert_same b, reader.await }
      [a, b].each(&:close)
    end
  end

  def test_a_cancelled_wait_can_be_taken_up_again
    Librunner.run do
      reader, writer = IO.pipe
      task = Librunner.spawn { reader.gets }
      Librunner.yield
      task.cancel("enough")
      assert_equal "enough", assert_raises(Librunner::CancelledError) { task.await }.message
      Librunner.timeout(0.001) { reader.gets } rescue assert_kind_of(Librunner::TimeoutError, $!)
      writer << "line\n"
      assert_equal "line\n", reader.gets
      [reader, writer].each(&:close)
    end
  end

  # ---- what is closed ------------------------------------------------------------------------------

  def test_who_waits_for_what_is_closed_is_told
    [:read, :wait_readable, :gets].each do |wait|
      Librunner.run do
        reader, writer = IO.pipe
        tasks = Array.new(2) { Librunner.spawn { reader.public_send(wait) } }
        Librunner.yield
        assert_nil reader.close
        assert_predicate reader, :closed?
        tasks.each do |task|
          error = assert_raises(IOError) { task.await }
          assert_equal "stream closed in another thread", error.message
          assert_equal 0, task.cancelling
        end
        assert_nil reader.close
        writer.close
        assert_raises(IOError) { reader.wait_readable }
      end
    end
  end

  def test_a_server_is_closed_under_who_accepts
    Librunner.run do
      server = TCPServer.new("127.0.0.1", 0)
      accepting = Librunner.spawn { server.accept }
      Librunner.yield
      server.close
      assert_raises(IOError) { accepting.await }
    end
  end

  def test_a_thread_closes_what_a_task_waits_for
    Librunner.run do
      reader, writer = IO.pipe
      thread = Thread.new { Kernel.sleep(0.01); reader.close }
      assert_raises(IOError) { reader.read }
      assert_nil thread.join.value
      assert_predicate reader, :closed?
      writer.close
    end
  end

  def test_a_callback_closes_what_a_task_waits_for
    Librunner.run do
      reader, writer = IO.pipe
      Librunner.current_loop.call_later(0.001) { reader.close }
      assert_raises(IOError) { reader.read }
      2.times { Librunner.yield }
      assert_predicate reader, :closed?
      writer.close
    end
  end

  def test_a_cancelled_task_closes_all_the_same
    Librunner.run do
      reader, writer = IO.pipe
      reading = Librunner.spawn { reader.read }
      closing = Librunner.spawn do
        Librunner.current_task.cancel
        reader.close
        flunk
      end
      assert_raises(Librunner::CancelledError) { closing.await }
      assert_predicate reader, :closed?
      assert_raises(IOError) { reading.await }
      writer.close
    end
  end

  def test_who_is_cancelled_while_the_stream_is_closed_is_cancelled
    Librunner.run do
      reader, writer = IO.pipe
      reading = Librunner.spawn { reader.read }
      Librunner.yield
      reading.cancel
      reader.close
      assert_raises(Librunner::CancelledError) { reading.await }
      writer.close
    end
  end

  def test_a_stream_of_a_task_that_does_not_run
    reader, writer = IO.pipe
    Librunner::Runner.open do |runner|
      runner.run { Librunner.spawn { reader.read }; Librunner.yield }
      assert_raises(Librunner::BusyError) { reader.close }
      refute_predicate reader, :closed?
    end
    reader.close
    writer.close
  end

  def test_a_number_that_is_used_again
    Librunner.run do
      100.times do |i|
        reader, writer = IO.pipe
        waiting = Librunner.spawn { reader.read }
        Librunner.yield
        i.even? ? reader.close : writer.close
        i.even? ? assert_raises(IOError) { waiting.await } : assert_equal("", waiting.await)
        other = IO.pipe # has the same number
        got = Librunner.spawn { other[0].gets }
        Librunner.yield
        other[1].puts(i)
        assert_equal "#{i}\n", got.await
        [reader, writer, *other].each(&:close)
      end
    end
  end

  def test_closing_is_as_ever_where_nobody_waits
    reader, writer = IO.pipe
    Librunner.run { writer.close }
    assert_equal "", reader.read
    assert_nil reader.close
    thread_reader, thread_writer = IO.pipe
    thread = Thread.new { Thread.current.report_on_exception = false; thread_reader.read }
    Thread.pass until thread.stop?
    Librunner.run { thread_reader.close }
    assert_raises(IOError) { thread.value }
    thread_writer.close
  end

  # Hooks that this version of Ruby may not call yet.
  def test_select_and_close
    Librunner.run do
      scheduler = Fiber.scheduler
      reader, writer = IO.pipe
      beats = 0
      beat = Librunner.spawn { loop { sleep(0.001); beats += 1 } }
      assert_nil scheduler.io_select([reader], nil, nil, 0.02)
      filler = Librunner.spawn { sleep(0.001) until beats > 2; writer.write("x") }
      assert_equal [[reader], [], []], scheduler.io_select([reader], nil, nil, nil)
      filler.await
      assert_equal "x", reader.read(1)
      assert_equal [[], [writer], []], scheduler.io_select([reader], [writer], [reader], nil)
      selecting = Librunner.spawn { scheduler.io_select([reader], nil, nil, nil) }
      Librunner.yield
      selecting.cancel
      assert_raises(Librunner::CancelledError) { selecting.await }
      selecting = Librunner.spawn { scheduler.io_select([reader], nil, nil, nil) }
      Librunner.yield
      writer << "x"
      assert_equal [[reader], [], []], selecting.await
      reader.getc
      beat.cancel
      waiting = Librunner.spawn { reader.wait_readable }
      Librunner.yield
      reader.autoclose = false
      assert scheduler.io_close(reader.fileno)
      assert_raises(IOError) { waiting.await }
      assert_raises(Errno::EBADF) { reader.getc }
      writer.close
    end
  end

  def test_fiber_interrupt_raises_where_a_fiber_waits
    Librunner.run do
      scheduler = Fiber.scheduler
      reader, writer = IO.pipe
      queue = Thread::Queue.new
      error = IOError.new("mine")
      waits = [-> { reader.wait_readable }, -> { queue.pop }]
      waits.each do |wait|
        fiber = nil
        task = Librunner.spawn { fiber = Fiber.current; wait.call }
        Librunner.yield
        assert scheduler.fiber_interrupt(fiber, error)
        assert_same error, assert_raises(IOError) { task.await }
        refute scheduler.fiber_interrupt(fiber, error)
      end
      assert_equal 0, queue.num_waiting
      [reader, writer].each(&:close)
    end
  end

  def test_under_the_collector
    run_stressed do
      reader, writer = IO.pipe
      lines = Librunner.spawn { Array.new(3) { reader.gets } }
      3.times { |i| Librunner.yield; writer.puts(i) }
      assert_equal %W[0\n 1\n 2\n], lines.await
      [reader, writer].each(&:close)
    end
  end

  if IO.method_defined?(:timeout) # from Ruby 3.2 on
    def test_a_limit_of_the_stream
      reader, writer = IO.pipe
      virtual do
        reader.timeout = 5
        assert_raises(IO::TimeoutError) { reader.read(1) }
        assert_in_delta 5, Librunner.current_loop.time, 0.01
      end
    ensure
      reader&.close
      writer&.close
    end
  end
end
