# frozen_string_literal: true

require_relative "diary"

# To which runner a lock belongs, and with it an event and all their like.
class TestLockBinding < LibrunnerTest
  include Diary

  KINDS = [-> { Librunner::Lock.new }, -> { Librunner::Event.new }, -> { Librunner::Condition.new },
           -> { Librunner::Semaphore.new }, -> { Librunner::Barrier.new(1) }, -> { Librunner::Queue.new }].freeze

  # A use that takes no time, and one that only looks.
  USES = {Librunner::Lock => %i[acquire locked?], Librunner::Event => %i[set set?],
          Librunner::Condition => [:notify_all, nil], Librunner::Semaphore => %i[acquire value],
          Librunner::Barrier => %i[wait waiting], Librunner::Queue => %i[join size]}.freeze

  def each
    KINDS.each do |kind|
      made = kind.call
      yield made, *USES.fetch(made.class)
    end
  end

  def use(made, name)
    made.lock.acquire if made.is_a?(Librunner::Condition) && !made.lock.locked?
    made.public_send(name)
  end

  def test_they_may_be_made_anywhere_and_belong_to_the_first_that_uses_them
    each do |made, name|
      in_task { use(made, name) }
      in_task { assert_raises(Librunner::ForeignError) { made.public_send(name) } }
    end
  end

  def test_outside_of_a_run_nobody_can_use_a_new_one
    each do |made, name, look|
      assert_raises(Librunner::NoTaskError) { made.public_send(name) }
      assert_raises(Librunner::NoTaskError) { made.public_send(look) } if look
    end
  end

  def test_what_was_made_in_one_run_and_not_used_belongs_to_nobody
    made = in_task { KINDS.map(&:call) }
    in_task { made.each { |one| use(one, USES.fetch(one.class).first) } }
  end

  def test_a_callback_may_be_the_first
    each do |made, name, look|
      next unless look

      in_task do
        seen = nil
        @loop.call_soon { seen = made.public_send(look) }
        turns
        assert_includes [false, 0, 1], seen
        use(made, name)
      end
    end
  end

  def test_R071_another_thread_may_not_use_them
    each do |made, name|
      in_task do
        use(made, name)
        Thread.new do
          assert_raises(Librunner::WrongThreadError) { made.public_send(name) }
          Librunner.run { assert_raises(Librunner::ForeignError) { made.public_send(name) } }
        end.join
      end
    end
  end

  def test_R008_after_the_close_they_refuse
    each do |made, name, look|
      in_task { use(made, name) }
      assert_raises(Librunner::Error) { made.public_send(name) }
      assert_raises(Librunner::ClosedError) { made.public_send(look) } if look
    end
  end

  def test_they_outlive_the_run_that_made_them
    Librunner::Runner.open(clock: :virtual) do |runner|
      lock = Librunner::Lock.new
      queue = Librunner::Queue.new(1)
      runner.run { queue.put("first run"); lock.acquire }
      assert_predicate lock, :locked? # nothing runs: anybody may look
      assert_equal 1, queue.size
      assert_raises(Librunner::NoTaskError) { lock.acquire }
      runner.run do
        assert_predicate lock, :locked?
        assert_equal "first run", queue.get
        lock.release
      end
    end
  end

  def test_they_cannot_be_copied_and_say_what_they_are
    each do |made|
      assert_raises(TypeError) { made.dup }
      assert_raises(TypeError) { made.clone }
      assert_match(/\A#<#{made.class}:0x\h+>\z/, made.inspect)
      in_task { made.public_send(USES.fetch(made.class).last || :lock) }
      assert_match(/\A#<#{made.class}:0x\h+>\z/, made.inspect)
    end
  end

  # They have no close: what nothing refers to any more is released.
  def test_forgotten_ones_are_released
    in_task do
      before = in_use
      500.times { each { |made, name| use(made, name) } }
      assert_operator in_use - before, :>=, 500
      GC.start
      turns 2
      assert_operator in_use - before, :<, 500
    end
  end

  def test_who_waits_keeps_what_it_waits_for
    in_task do
      waiter = spawn { Librunner::Event.new.wait }
      turns
      GC.start
      turns 2
      refute_predicate waiter, :done?
      waiter.cancel
    end
  end
end
