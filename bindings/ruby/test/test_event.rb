# frozen_string_literal: true

require_relative "diary"

# Events.
class TestEvent < LibrunnerTest
  include Diary

  def test_an_event_wakes_all_in_the_order_of_their_coming
    in_task do
      event = Librunner::Event.new
      group do |g|
        %w[first second].each { |name| g.spawn { event.wait; note "#{name} goes on" } }
        sleep 0.01
        refute_predicate event, :set?
        assert_nil event.set
        assert_predicate event, :set?
        note "set"
      end
      assert_diary "10 set", "10 first goes on", "10 second goes on"
    end
  end

  def test_a_set_event_is_not_waited_for_until_it_is_cleared
    in_task do
      event = Librunner::Event.new
      event.set
      event.set
      other = spawn { 1 }
      assert_same true, event.wait
      refute_predicate other, :done? # no turn has passed
      assert_nil event.clear
      assert_raises(Librunner::TimeoutError) { Librunner.timeout(0.01) { event.wait } }
    end
  end

  def test_who_was_woken_goes_on_though_the_event_was_cleared
    in_task do
      event = Librunner::Event.new
      waiter = spawn { event.wait }
      turns
      event.set
      event.clear
      assert_same true, waiter.await
    end
  end

  def test_a_cancelled_waiter_is_told_and_the_others_wait_on
    in_task do
      event = Librunner::Event.new
      first, second = Array.new(2) { spawn { event.wait } }
      turns
      first.cancel
      turns 2
      assert_predicate first, :cancelled?
      refute_predicate second, :done?
      event.set
      assert_same true, second.await
    end
  end

  def test_R186_another_thread_sets_an_event_through_the_loop
    Librunner::Runner.open do |runner|
      runner.run do
        event = Librunner::Event.new
        thread = Thread.new { runner.loop.call_soon_threadsafe { event.set } }
        runner.loop.hold { assert_same true, event.wait }
        thread.join
      end
    end
  end

  def test_a_callback_sets_but_does_not_wait
    in_task do
      event = Librunner::Event.new
      refused = nil
      @loop.call_soon do
        event.wait
      rescue Librunner::Error => refused
        event.set
      end
      event.wait
      assert_instance_of Librunner::NoTaskError, refused
    end
  end

  def test_nobody_sets_it
    assert_raises(Librunner::DeadlockError) do
      Librunner.run(exception_handler: proc {}) { Librunner::Event.new.wait }
    end
  end
end
