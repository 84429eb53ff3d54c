# frozen_string_literal: true

require_relative "helper"

# Signals at any time: each SIGINT is one Interrupt, whatever the runner does when it comes.
class TestSignalsStress < LibrunnerTest
  TIMES = 100

  # Runs something over and over, and interrupts it at any time, as often as it says that it goes on.
  def interrupting(preparation, again)
    program = <<~RUBY
      #{preparation}
      count = 0
      while count < #{TIMES}
        begin
          puts count
          loop { #{again} }
        rescue Interrupt
          count += 1
        end
      end
      puts trap("INT", "DEFAULT")
    RUBY
    out, errors, status = child(program, timeout: 120) do |pid, lines|
      TIMES.times do |i|
        lines.until(i.to_s)
        Kernel.sleep(rand / 2000)
        Process.kill(:INT, pid)
      end
    end
    assert_equal "DEFAULT", out.lines(chomp: true).last, errors
    assert_predicate status, :success?, errors
    assert_empty errors
  end

  def test_R114_none_is_lost_by_short_runs
    interrupting("runner = Librunner::Runner.new; at_exit { runner.close }", "runner.run { Librunner.yield }")
  end

  def test_R114_none_is_lost_by_runners_that_come_and_go
    interrupting("", "Librunner.run { Librunner.spawn { Librunner.yield }; Librunner.yield }")
  end

  def test_R114_none_is_lost_by_runs_that_wait
    interrupting("runner = Librunner::Runner.new; at_exit { runner.close }", "runner.run { Librunner.sleep(0.0002) }")
  end

  def test_R114_none_is_lost_by_closes
    interrupting("", <<~RUBY)
      Librunner::Runner.open do |runner|
        runner.run { 3.times { Librunner.spawn { Librunner.sleep 60 } }; Librunner.yield }
      end
    RUBY
  end
end
