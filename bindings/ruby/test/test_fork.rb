# frozen_string_literal: true

require_relative "helper"

# Child processes: they have no run, and leave that of the parent alone. Each case is a program.
class TestFork < LibrunnerTest
  # Runs the program; what it writes, in the order in which parent and child do.
  def forked(program, status: 0)
    out, err, ended = child(program)
    assert_equal status, ended.exitstatus, "#{ended.inspect}\n#{out}#{err}"
    refute_includes err, "BUG"
    [out.lines(chomp: true), err]
  end

  def test_R199_a_child_sees_no_run_and_may_have_one
    out, err = forked(<<~'RUBY')
      Librunner.run do
        beat = Librunner.spawn { loop { sleep 0.001 } }
        pid = fork do
          p Fiber.scheduler, Librunner.current_task
          [-> { Librunner.yield }, -> { Librunner.spawn { 1 } }, -> { Librunner.in_thread { 1 } }].each do |use|
            use.call
          rescue Librunner::Error => e
            puts e.class
          end
          p(Librunner.run do
            Array.new(3) { |i| Librunner.spawn { sleep 0.001; Librunner.in_thread { i } } }.map(&:await)
          end)
          at_exit { p Librunner.run { Librunner.spawn { sleep 0.001; :at_exit }.await } }
        end
        Process.wait(pid)
        puts $?.exitstatus
        sleep 0.01
        beat.cancel
        puts "the parent goes on"
      end
    RUBY
    assert_equal ["nil", "nil", *["Librunner::NoTaskError"] * 3, "[0, 1, 2]", ":at_exit", "0", "the parent goes on"],
      out, err
    assert_empty err
  end

  def test_R201_a_runner_of_the_parent_is_refused_in_the_child
    out, = forked(<<~'RUBY')
      idle = Librunner::Runner.new
      idle.run { 1 }
      uses = ->(runner) do
        [-> { runner.run { 1 } }, -> { runner.close }, -> { runner.loop.call_soon_threadsafe { 1 } },
          -> { runner.loop.call_soon { 1 } }].each do |use|
          use.call
          puts "not refused"
        rescue Librunner::ForkError => e
          puts e.message
        end
      end
      Librunner::Runner.open do |running|
        running.run { Process.wait(fork { uses[idle]; uses[running]; p running.running? }) }
      end
      puts idle.run { 2 }
      idle.close
    RUBY
    assert_equal ["runner belongs to the parent process"] * 8 + %w[false 2], out
  end

  def test_a_child_that_goes_on_in_the_task_ends_the_run_there
    out, = forked(<<~'RUBY')
      parent = Process.pid
      where = -> { Process.pid == parent ? "parent" : "child" }
      begin
        Librunner.run do
          others = Array.new(3) { |i| Librunner.spawn { puts "task #{i} in the #{where[]}"; sleep 0.001 } }
          if fork
            Process.wait
            others.each(&:await)
          else
            sleep 0.001
            puts "forked"
            p Librunner.run { Librunner.spawn { sleep 0.001; 5 }.await }
          end
        ensure
          puts "ensure in the #{where[]}"
        end
        puts "after the run of the #{where[]}"
      rescue Librunner::ForkError => e
        puts e.message, where[]
        p Librunner.run { Librunner.spawn { sleep 0.001; 6 }.await }
      end
    RUBY
    assert_equal ["task 0 in the parent", "task 1 in the parent", "task 2 in the parent", "forked", "5",
      "ensure in the child", "runner belongs to the parent process", "child", "6", "ensure in the parent",
      "after the run of the parent"].sort, out.sort
  end

  def test_what_a_child_raises_in_the_task_comes_out_there
    out, err = forked(<<~'RUBY')
      Librunner.run do
        Process.wait(fork || raise("in the child"))
        puts $?.exitstatus
        Process.wait(fork || exit(7))
        puts $?.exitstatus
        Process.wait(fork || exit!(8))
        puts $?.exitstatus
        Process.wait(fork { raise "in the block" })
        puts $?.exitstatus
        Process.wait(fork { exit 9 })
        puts $?.exitstatus
        Process.wait(fork || abort("aborted"))
        puts $?.exitstatus
      end
    RUBY
    assert_equal %w[1 7 8 1 9 1], out
    ["in the child (RuntimeError)", "in the block (RuntimeError)", "aborted"].each { |text| assert_includes err, text }
    refute_includes err, "ForkError"
  end

  def test_forks_in_a_callback_a_thread_and_an_inner_fiber
    out, = forked(<<~'RUBY')
      try = lambda do |name|
        pid = fork do
          value = Librunner.run { Librunner.spawn { sleep 0.001; Librunner.yield; 1 }.await }
          puts "#{name} #{value}"
        end
        Process.wait(pid)
      end
      Librunner.run do
        Librunner.current_loop.call_soon { try["callback"] }
        Librunner.yield
        Librunner.in_thread { try["thread"] }
        Fiber.new { try["fiber"] }.resume
        Fiber.new(blocking: true) { try["blocking fiber"] }.resume
        Thread.new { try["other thread"] }.join
        Enumerator.new { |y| try["enumerator"]; y << 1 }.next
      end
      Thread.new { Librunner.run { try["task of a thread"] } }.join
    RUBY
    assert_equal ["callback 1", "thread 1", "fiber 1", "blocking fiber 1", "other thread 1", "enumerator 1",
      "task of a thread 1"], out
  end

  def test_a_child_that_goes_on_in_a_thread
    out, = forked(<<~'RUBY')
      Librunner.run(executor_threads: 1) do
        go = Thread::Queue.new
        queued = Librunner.spawn { Librunner.in_thread { puts "queued" } }
        Librunner.spawn { go << true }
        pid = Librunner.in_thread { go.pop; fork || puts("child") }
        queued.await
        Process.wait(pid)
        puts $?.exitstatus
        pid = Librunner.in_thread { fork || exit!(4) }
        Process.wait(pid)
        puts $?.exitstatus
        puts Librunner.in_thread { :parent }
      end
    RUBY
    assert_equal %w[0 4 child parent queued], out.sort
  end

  # What the child does with descriptors would be seen by the loop of the parent.
  def test_a_child_reads_and_closes_what_the_parent_waits_for
    out, = forked(<<~'RUBY')
      Librunner.run do
        reader, writer = IO.pipe
        waiting = Librunner.spawn { reader.gets }
        Librunner.yield
        pid = fork do
          other, source = IO.pipe
          source.puts "own"
          puts other.gets
          puts(Librunner.run { Librunner.spawn { source.puts "again" }; other.gets })
          reader.close
          writer.close
        end
        Process.wait(pid)
        puts $?.exitstatus
        writer.puts "parent"
        puts waiting.await
      end
    RUBY
    assert_equal %w[own again 0 parent], out
  end

  def test_many_children
    out, = forked(<<~'RUBY')
      Librunner.run do
        beat = Librunner.spawn { loop { sleep 0.001 } }
        tasks = Array.new(10) do |i|
          Librunner.spawn do
            _, status = Process.wait2(fork { exit!(Librunner.run { Librunner.spawn { sleep 0.001; i }.await }) })
            status.exitstatus
          end
        end
        p tasks.map(&:await)
        beat.cancel
      end
    RUBY
    assert_equal ["[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"], out
  end

  def test_R200_a_signal_for_the_child_is_the_childs
    out, = forked(<<~'RUBY')
      Librunner.run do
        reader, writer = IO.pipe
        pid = fork do
          writer.puts "up"
          sleep 60
        rescue Interrupt
          puts "child interrupted"
          exit! 3
        end
        puts reader.gets
        Process.kill(:INT, pid)
        Process.wait(pid)
        puts $?.exitstatus
        pid = fork do
          Librunner.run { Process.kill(:INT, Process.pid); Librunner.sleep(60) }
        rescue Interrupt
          puts "run of the child interrupted"
        end
        Process.wait(pid)
        puts $?.exitstatus
      end
    RUBY
    assert_equal ["up", "child interrupted", "3", "run of the child interrupted", "0"], out
  end

  def test_programs_are_started_as_ever
    out, = forked(<<~'RUBY')
      Librunner.run do
        beat = Librunner.spawn { loop { sleep 0.001 } }
        p system("exit 3"), $?.exitstatus, `echo backticks`
        p IO.popen("cat", "r+") { |io| io << "popen"; io.close_write; io.read }
        pid = spawn("exit 4")
        p Process.wait2(pid)[1].exitstatus
        IO.popen("-") { |io| io ? puts(io.read) : print("popen - #{Fiber.scheduler.inspect}") }
        p Process.detach(spawn("exit 5")).value.exitstatus
        beat.cancel
      end
    RUBY
    assert_equal ["false", "3", '"backticks\n"', '"popen"', "4", "popen - nil", "5"], out
  end

  def test_exec_and_daemon
    out, = forked(<<~'RUBY')
      Librunner.run { Process.wait(fork { exec "echo executed" }) }
      reader, writer = IO.pipe
      if (pid = fork)
        writer.close
        Process.wait(pid)
        puts reader.read
      else
        begin
          Librunner.run do
            Process.daemon(true, true)
            writer.puts Librunner.run { Librunner.spawn { sleep 0.001; :daemon }.await }
          end
        rescue Librunner::ForkError => e
          writer.puts e.class
        end
      end
    RUBY
    assert_equal %w[executed daemon Librunner::ForkError], out
  end

  def test_a_child_of_a_child
    out, = forked(<<~'RUBY')
      Librunner.run do
        Process.wait(fork do
          Librunner.run do
            Process.wait(fork { puts Librunner.run { Librunner.spawn { sleep 0.001; :third }.await } })
            puts :second
          end
        end)
        puts :first
      end
    RUBY
    assert_equal %w[third second first], out
  end

  def test_a_runner_that_a_child_has_forgotten_is_not_complained_about
    _, err = forked(<<~'RUBY')
      Librunner.run do
        runner = Librunner::Runner.new
        Process.wait(fork { runner = nil; GC.start })
      end
    RUBY
    assert_empty err
  end
end
