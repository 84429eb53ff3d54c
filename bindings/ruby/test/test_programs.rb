# frozen_string_literal: true

require_relative "helper"
require "json"
require "logger"
require "net/http"
require "open3"
require "resolv"
require "socket"
require "webrick"

# Programs as they are, that know nothing of tasks: all of them at once in one run, beside a task that beats.
class TestPrograms < LibrunnerTest
  # How long the beats of a task come too late while the block runs: the longest time in seconds, and the
  # longest without that for which threads of the process have waited for a processor, which is no matter of
  # ours.
  def lateness(beat = 0.01)
    late = [0]
    ours = [0]
    task = Librunner.spawn(name: "heartbeat") do
      loop do
        before, delay = now, delayed
        sleep(beat)
        late << now - before - beat
        ours << late.last - (delayed - delay)
      end
    end
    yield
    [late.max, ours.max]
  ensure
    task.cancel
  end

  def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

  # How long threads that are there have waited for a processor, in seconds.
  def delayed
    Dir["/proc/self/task/*/schedstat"].sum do |file|
      File.read(file).split[1].to_i
    rescue SystemCallError
      0 # it has ended
    end / 1e9
  end

  # A server of HTTP in a task.
  def serve(server)
    Librunner.spawn do
      loop do
        client = server.accept
        Librunner.spawn { answer(client) }
      end
    end
  end

  def answer(client)
    path = client.gets.split[1]
    nil until client.gets == "\r\n"
    sleep(0.05)
    body = "You asked for #{path}"
    client.write("HTTP/1.1 200 OK\r\nContent-Length: #{body.bytesize}\r\nConnection: close\r\n\r\n#{body}")
  ensure
    client.close
  end

  # WEBrick has a thread of its own.
  def with_webrick
    ready = Thread::Queue.new
    server = WEBrick::HTTPServer.new(Port: 0, BindAddress: "127.0.0.1", AccessLog: [],
      Logger: WEBrick::Log.new(File::NULL), StartCallback: -> { ready << true })
    server.mount_proc("/slow") { |request, response| Kernel.sleep(0.05); response.body = "slow #{request.query["n"]}" }
    thread = Thread.new { server.start }
    ready.pop
    yield server.config[:Port]
  ensure
    server.shutdown
    thread.join
    WEBrick::Utils::TimeoutHandler.terminate
  end

  def http(port)
    server = TCPServer.new("127.0.0.1", 0)
    serving = serve(server)
    own = Array.new(10) { |i| Librunner.spawn { Net::HTTP.get(URI("http://localhost:#{server.addr[1]}/#{i}")) } }
    webrick = Array.new(10) do |i|
      Librunner.spawn do
        Net::HTTP.start("127.0.0.1", port, open_timeout: 30, read_timeout: 30) do |client|
          Array.new(2) { |n| client.get("/slow?n=#{i}.#{n}").body }
        end
      end
    end
    own.each_with_index { |task, i| assert_equal "You asked for /#{i}", task.await }
    webrick.each_with_index { |task, i| assert_equal ["slow #{i}.0", "slow #{i}.1"], task.await }
  ensure
    serving.cancel
    server.close
  end

  def echo
    server = TCPServer.new("127.0.0.1", 0)
    accepting = Librunner.spawn do
      loop do
        client = server.accept
        Librunner.spawn { IO.copy_stream(client, client); client.close }
      end
    end
    clients = Array.new(20) do |i|
      Librunner.spawn do
        socket = TCPSocket.new("127.0.0.1", server.addr[1])
        20.times do |n|
          socket.puts("#{i} #{n}")
          assert_equal "#{i} #{n}\n", socket.gets
          sleep(0.002)
        end
        socket.close
      end
    end
    clients.each(&:await)
  ensure
    accepting.cancel
    server.close
  end

  def queues
    work = Thread::SizedQueue.new(5)
    done = Thread::Queue.new
    threads = Array.new(3) { Thread.new { while (n = work.pop); Kernel.sleep(0.001); done << n * 2; end } }
    feeding = Librunner.spawn { 100.times { |n| work << n }; work.close }
    doubled = Array.new(100) { done.pop }
    feeding.await
    assert_equal Array.new(100) { |n| n * 2 }, doubled.sort
    threads.each(&:join)
  end

  def timeouts
    10.times do
      assert_raises(Timeout::Error) { Timeout.timeout(0.01) { sleep } }
      assert_raises(Net::ReadTimeout) do
        silent do |port|
          Net::HTTP.start("127.0.0.1", port, read_timeout: 0.01, max_retries: 0) { |client| client.get("/") }
        end
      end
    end
  end

  # A server that says nothing.
  def silent
    server = TCPServer.new("127.0.0.1", 0)
    yield server.addr[1]
  ensure
    server.close
  end

  def processes
    tasks = Array.new(5) do |i|
      Librunner.spawn do
        assert_equal "#{i}\n", `sleep 0.05; echo #{i}`
        assert_predicate $?, :success?
        _, status = Process.wait2(spawn("sleep 0.05; exit #{i}"))
        assert_equal i, status.exitstatus
        output, status = Open3.capture2("tr a-z A-Z", stdin_data: "text")
        assert_equal ["TEXT", true], [output, status.success?]
        assert system("true")
      end
    end
    tasks.each(&:await)
  end

  def names
    assert_includes %w[127.0.0.1 ::1], Resolv.getaddress("localhost")
    addresses = Array.new(5) { Librunner.spawn { Addrinfo.getaddrinfo("localhost", 80, nil, :STREAM) } }
    addresses.each { |task| assert_includes task.await.map(&:ip_address), "127.0.0.1" }
    assert_includes Socket.getaddrinfo("localhost", nil).flatten, "127.0.0.1"
    assert_equal "127.0.0.1", IPSocket.getaddress("127.0.0.1")
    error = assert_raises(SocketError) { TCPSocket.new("no.such.name.invalid", 80) }
    refute_empty error.message
  end

  def locks
    mutex = Mutex.new
    condition = ConditionVariable.new
    turn = 0
    players = Array.new(3) do |i|
      body = lambda do
        20.times do
          mutex.synchronize do
            condition.wait(mutex) until turn % 3 == i
            turn += 1
            condition.broadcast
          end
        end
      end
      i.zero? ? Thread.new(&body) : Librunner.spawn(&->(_) { body.call })
    end
    players.each { |player| player.is_a?(Thread) ? player.join : player.await }
    assert_equal 60, turn
    assert_equal [1, 2, 3], Array.new(3) { |i| Thread.new { Kernel.sleep(0.05); i + 1 } }.map(&:value)
  end

  def files
    log = Logger.new(File::NULL)
    IO.pipe do |reader, writer|
      writing = Librunner.spawn do
        1000.times { |i| writer.puts(JSON.dump("n" => i)); log.info("#{i} is written") }
        writer.close
      end
      lines = reader.each_line.map { |line| JSON.parse(line)["n"] }
      assert_equal (0...1000).to_a, lines
      writing.await
    end
    File.open(__FILE__) { |file| assert_equal File.size(__FILE__), file.read.bytesize }
  end

  PROGRAMS = %i[echo queues timeouts processes names locks files].freeze

  def all_at_once
    with_webrick do |port|
      Librunner.run do
        lateness do
          tasks = [Librunner.spawn(name: "http") { http(port) }]
          tasks += PROGRAMS.map { |program| Librunner.spawn(name: program) { public_send(program) } }
          tasks.each(&:await)
        end
      end
    end
  end

  PROGRAMS.each do |program|
    define_method("test_#{program}") { Librunner.run { public_send(program) } }
  end

  def test_http
    with_webrick { |port| Librunner.run { http(port) } }
  end

  def test_the_heartbeat_notices_what_holds_it_up
    late, ours = Librunner.run do
      lateness do
        sleep(0.02)
        Fiber.new(blocking: true) { sleep(0.5) }.resume
        sleep(0.02)
      end
    end
    assert_operator late, :>, 0.08
    assert_operator ours, :>, 0.08
  end

  # In a process of its own: to start a program takes the longer, the more fibers other tests have left.
  def test_all_at_once_hold_up_nobody
    return see_all_at_once if ENV["LIBRUNNER_TEST_ALONE"]

    out, err, status = child("load #{__FILE__.dump}", args: ["--", "-n", __method__.to_s], env: {"LIBRUNNER_TEST_ALONE" => "1"})
    assert_predicate status, :success?, out + err
    puts out.lines.grep(/heartbeat/) if ENV["LIBRUNNER_TEST_VERBOSE"]
  end

  def see_all_at_once
    tries = []
    3.times do
      tries << all_at_once
      break if tries.last[1] < 0.05
    end
    tries.each do |late, ours|
      puts format("a heartbeat of 10 ms was %.1f ms late, %.1f ms by ourselves", late * 1e3, ours * 1e3)
    end
    assert tries.any? { |_, ours| ours < 0.05 }, "late in all, and by ourselves: #{tries.inspect}"
  end
end
