# frozen_string_literal: true

require_relative "helper"

# SIGINT during a run: each in a process of its own.
class TestSignals < LibrunnerTest
  # parked(text) writes it once the main thread waits.
  PARKED = <<~'RUBY'
    def parked(text)
      Thread.new do
        sleep 0.001 until Thread.main.status == "sleep"
        puts text
      end
    end
  RUBY
  private_constant :PARKED

  # Runs a program. Each time it writes one of the texts, it is sent a signal. Its lines are returned.
  def interrupting(*texts, program, signal: :INT, status: 0)
    out, errors, ended = child("#{PARKED}def program\n#{program}end\nprogram") do |pid, lines|
      texts.each do |text|
        lines.until(text)
        Process.kill(signal, pid)
      end
    end
    assert_equal status, ended.signaled? ? "SIG#{Signal.signame(ended.termsig)}" : ended.exitstatus, errors
    assert_empty errors unless ended.signaled?
    out.lines(chomp: true)
  end

  def test_R119_R121_R123_the_first_cancels_main_which_may_wait_while_it_cleans_up
    assert_equal ["ready", "CancelledError", "cleaned up", "Interrupt", "DEFAULT"], interrupting("ready", <<~'RUBY')
      begin
        Librunner.run do
          puts "ready"
          Librunner.sleep 60
        rescue Librunner::CancelledError => error
          puts error.class.name.split("::").last
          raise
        ensure
          Librunner.sleep 0.01
          puts "cleaned up"
        end
      rescue Interrupt => error
        puts error.class
      end
      puts trap("INT", "DEFAULT")
    RUBY
  end

  def test_R120_a_main_that_only_yields_is_cancelled
    assert_equal %w[ready Interrupt], interrupting("ready", <<~'RUBY')
      Librunner.run do
        puts "ready"
        loop { Librunner.yield }
      end
    rescue Interrupt
      puts "Interrupt"
    RUBY
  end

  def test_R122_main_is_told_at_its_next_wait
    assert_equal %w[ready told cancelled Interrupt], interrupting("ready", <<~'RUBY')
      begin
        Librunner.run do |task|
          puts "ready"
          nil while task.cancelling.zero?
          puts "told"
          begin
            Librunner.sleep 60
          rescue Librunner::CancelledError
            puts "cancelled"
            raise
          end
        end
      rescue Interrupt
        puts "Interrupt"
      end
    RUBY
  end

  def test_R122_a_main_that_returns_without_a_wait_was_interrupted
    assert_equal %w[ready Interrupt], interrupting("ready", <<~'RUBY')
      Librunner.run do |task|
        puts "ready"
        nil while task.cancelling.zero?
      end
    rescue Interrupt
      puts "Interrupt"
    RUBY
  end

  def test_R124_main_may_swallow_it
    assert_equal ["ready", "42"], interrupting("ready", <<~'RUBY')
      value = Librunner.run do
        puts "ready"
        Librunner.sleep 60
      rescue Librunner::CancelledError
        42
      end
      puts value
    RUBY
  end

  def test_R125_main_may_make_an_error_of_it
    assert_equal %w[ready KeyError], interrupting("ready", <<~'RUBY')
      Librunner.run do
        puts "ready"
        Librunner.sleep 60
      rescue Librunner::CancelledError
        raise KeyError
      end
    rescue KeyError => error
      puts error.class
    RUBY
  end

  def test_R128_the_second_ends_the_run_and_the_close_cancels_main_again
    assert_equal ["ready", "cleaning up", "Interrupt", "cancelled again", "closed"], interrupting("ready", "cleaning up", <<~'RUBY')
      runner = Librunner::Runner.new
      begin
        runner.run do
          puts "ready"
          Librunner.sleep 60
        ensure
          begin
            parked "cleaning up"
            Librunner.sleep 60
          ensure
            puts "cancelled again"
          end
        end
      rescue Interrupt
        puts "Interrupt"
      end
      runner.close
      puts "closed"
    RUBY
  end

  def test_R129_the_second_is_raised_in_a_loop_of_main_that_never_waits
    assert_equal %w[ready first ensure Interrupt], interrupting("ready", "first", <<~'RUBY')
      begin
        Librunner.run do |task|
          puts "ready"
          nil while task.cancelling.zero?
          puts "first"
          loop {}
        ensure
          puts "ensure"
        end
      rescue Interrupt
        puts "Interrupt"
      end
    RUBY
  end

  def test_R129_the_second_is_raised_in_a_loop_of_a_child_that_never_waits
    assert_equal ["ready", "first", "ensure of the child", "ensure of main", "Interrupt"], interrupting("ready", "first", <<~'RUBY')
      begin
        Librunner.run do |main|
          Librunner.spawn do
            puts "ready"
            nil while main.cancelling.zero?
            puts "first"
            loop {}
          ensure
            puts "ensure of the child"
          end
          begin
            Librunner.sleep 60
          ensure
            puts "ensure of main"
          end
        end
      rescue Interrupt
        puts "Interrupt"
      end
    RUBY
  end

  def test_R129_the_second_is_raised_in_a_loop_of_a_callback_that_never_ends
    assert_equal %w[ready first ensure Interrupt], interrupting("ready", "first", <<~'RUBY')
      runner = Librunner::Runner.new
      begin
        runner.run do |main|
          runner.loop.call_soon do
            puts "ready"
            nil while main.cancelling.zero?
            puts "first"
            loop {}
          ensure
            puts "ensure"
          end
          Librunner.sleep 60
        end
      rescue Interrupt
        puts "Interrupt"
      end
      runner.close
    RUBY
  end

  def test_R129_the_second_is_raised_in_a_cleanup_that_never_waits
    assert_equal %w[ready first Interrupt], interrupting("ready", "first", <<~'RUBY')
      Librunner.run do
        puts "ready"
        Librunner.sleep 60
      ensure
        puts "first"
        loop {}
      end
    rescue Interrupt
      puts "Interrupt"
    RUBY
  end

  def test_R133_every_run_can_be_interrupted
    assert_equal %w[1 Interrupt 2 Interrupt 3 Interrupt], interrupting("1", "2", "3", <<~'RUBY')
      Librunner::Runner.open do |runner|
        1.upto(3) do |i|
          runner.run { puts i; Librunner.sleep 60 }
        rescue Interrupt
          puts "Interrupt"
        end
      end
    RUBY
  end

  def test_R136_the_innermost_wait_is_cancelled_first
    assert_equal %w[ready inner outer Interrupt], interrupting("ready", <<~'RUBY')
      begin
        Librunner.run do
          task = Librunner.spawn do
            puts "ready"
            Librunner.sleep 60
          ensure
            puts "inner"
          end
          begin
            task.await
          ensure
            puts "outer"
          end
        end
      rescue Interrupt
        puts "Interrupt"
      end
    RUBY
  end

  def test_R131_between_two_runs_it_has_its_default_effect
    assert_equal %w[ready], interrupting("ready", <<~'RUBY', status: "SIGINT")
      Librunner::Runner.open do |runner|
        runner.run { nil }
        puts "ready"
        sleep
      end
    RUBY
  end

  def test_R139_a_program_that_lets_it_through_dies_of_it
    assert_equal %w[ready], interrupting("ready", <<~'RUBY', status: "SIGINT")
      Librunner.run do
        puts "ready"
        Librunner.sleep 60
      end
    RUBY
  end

  def test_R132_the_first_in_a_close_ends_the_wait_for_tasks
    assert_equal ["stubborn", "Interrupt", "closed true"], interrupting("stubborn", <<~'RUBY')
      runner = Librunner::Runner.new
      runner.run do
        Librunner.spawn do
          Librunner.sleep 60
        ensure
          puts "stubborn"
          Librunner.sleep 60
        end
        Librunner.yield
      end
      begin
        runner.close
      rescue Interrupt
        puts "Interrupt"
      end
      puts "closed #{runner.closed?}"
    RUBY
  end

  def test_R132_the_second_in_a_close_is_raised_in_a_loop_that_never_waits
    assert_equal ["first", "second", "ensure", "Interrupt", "closed true"], interrupting("first", "second", <<~'RUBY')
      runner = Librunner::Runner.new
      runner.run do
        Librunner.spawn do
          Librunner.sleep 60
        ensure
          puts "first"
          begin
            Librunner.sleep 60
          ensure
            puts "gone" # given up: never
          end
        end
        Librunner.register do
          puts "second"
          loop {}
        ensure
          puts "ensure"
        end
        Librunner.yield
      end
      begin
        runner.close
      rescue Interrupt
        puts "Interrupt"
      end
      puts "closed #{runner.closed?}"
    RUBY
  end

  def test_R115_a_runner_in_another_thread_leaves_it_to_the_program
    assert_equal ["ready", "Interrupt in main", "DEFAULT", "42"], interrupting("ready", <<~'RUBY')
      done = Thread::Queue.new
      thread = Thread.new do
        Librunner.run do
          puts "ready"
          Librunner.in_thread { done.pop }
          42
        end
      end
      begin
        thread.join
      rescue Interrupt
        puts "Interrupt in main"
      end
      puts trap("INT", "DEFAULT")
      done << nil
      puts thread.value
    RUBY
  end

  def test_R116_the_handler_of_a_program_is_left_alone
    assert_equal ["ready", "mine", "42", "mine"], interrupting("ready", <<~'RUBY')
      got = false
      mine = proc { got = true; puts "mine" }
      trap("INT", mine)
      value = Librunner.run do
        parked "ready"
        Librunner.sleep 0.005 until got
        42
      end
      puts value
      trap("INT", "DEFAULT").call
    RUBY
  end

  def test_R116_what_is_ignored_stays_ignored
    %w[IGNORE SIG_IGN].push("").each do |handler|
      assert_equal %w[42], interrupting(<<~RUBY)
        trap("INT", #{handler.inspect})
        puts(Librunner.run do
          Process.kill(:INT, $$)
          Librunner.sleep 0.01
          42
        end)
        exit 1 unless [nil, "IGNORE"].include?(trap("INT", "DEFAULT"))
      RUBY
    end
  end

  def test_R116_what_was_ignored_by_who_has_started_the_program_stays_ignored
    program = <<~RUBY
      puts "ready"
      puts Librunner.run { Process.kill(:INT, $$) && Librunner.sleep(0.01) || 42 }
    RUBY
    out, errors, status = child(<<~'RUBY', args: [program, *$LOAD_PATH.map { |path| "-I#{path}" }])
      trap("INT", "IGNORE")
      program, *lib = ARGV
      exec(RbConfig.ruby, *lib, "-rlibrunner", "-e", "$stdout.sync = true\n" + program)
    RUBY
    assert_equal ["ready\n42\n", "", 0], [out, errors, status.exitstatus]
  end

  def test_R118_a_handler_that_is_set_in_the_run_is_left_alone
    assert_equal ["ready", "mine", "42", "mine"], interrupting("ready", <<~'RUBY')
      value = Librunner.run do
        got = false
        trap("INT") { got = true; puts "mine" }
        parked "ready"
        Librunner.sleep 0.005 until got
        42
      end
      puts value
      trap("INT", "DEFAULT").call
    RUBY
  end

  def test_without_signals_it_interrupts_the_run_as_ruby_does
    assert_equal ["ready", "Interrupt", "cancelled", "closed"], interrupting("ready", <<~'RUBY')
      runner = Librunner::Runner.new(signals: false)
      begin
        runner.run do
          parked "ready"
          Librunner.sleep 60
        ensure
          puts "cancelled"
        end
      rescue Interrupt
        puts "Interrupt"
      end
      runner.close
      puts "closed"
    RUBY
  end

  def test_R114_the_handler_is_there_before_the_program_and_gone_after_it
    assert_equal %w[Proc DEFAULT Proc DEFAULT], interrupting(<<~'RUBY')
      Librunner::Runner.open do |runner|
        2.times do
          runner.run do
            handler = trap("INT", "DEFAULT")
            trap("INT", handler)
            puts handler.class
          end
          puts trap("INT", "DEFAULT")
        end
      end
    RUBY
  end

  def test_R130_one_that_comes_once_main_is_done_is_not_lost
    interrupting(<<~'RUBY', status: "SIGINT")
      Librunner.run do
        Librunner.spawn { Process.kill(:INT, $$) } # in the last turn
        7
      end
    RUBY
  end

  def test_R134_main_that_was_left_goes_on_in_the_next_run
    assert_equal ["ready", "cleaning up", "Interrupt", "went on", "8"], interrupting("ready", "cleaning up", <<~'RUBY')
      Librunner::Runner.open do |runner|
        go = false
        begin
          runner.run do
            puts "ready"
            Librunner.sleep 60
          ensure
            parked "cleaning up"
            Librunner.sleep 0.01 until go
            puts "went on"
          end
        rescue Interrupt
          puts "Interrupt"
        end
        go = true
        puts runner.run { Librunner.sleep(0.05) || 8 }
      end
    RUBY
  end

  def test_many_signals_of_all_kinds_lose_nothing
    assert_equal %w[1000], interrupting(<<~'RUBY')
      got = 0
      trap("USR1") { got += 1 }
      trap("USR2") { got += 1 }
      Librunner.run do
        tasks = 10.times.map do
          Librunner.spawn do
            100.times do |i|
              Process.kill(i.odd? ? :USR1 : :USR2, $$)
              Librunner.sleep 0.0001
            end
          end
        end
        tasks.each(&:await)
      end
      puts 1000 if got.between?(10, 1000)
    RUBY
  end
end
