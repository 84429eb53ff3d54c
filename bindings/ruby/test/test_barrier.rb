# frozen_string_literal: true

require_relative "diary"

# Barriers.
class TestBarrier < LibrunnerTest
  include Diary

  def test_a_barrier_lets_its_parties_pass_together_and_again
    in_task do
      barrier = Librunner::Barrier.new(3)
      assert_equal 3, barrier.parties
      2.times do
        places = []
        group do |g|
          3.times { |i| g.spawn { sleep i * 0.01; places << barrier.wait } }
          sleep 0.015
          assert_equal 2, barrier.waiting
        end
        assert_equal [0, 1, 2], places.sort
        note "passed"
      end
      assert_diary "20 passed", "40 passed"
      assert_equal 0, barrier.waiting
    end
  end

  def test_an_aborted_barrier_is_broken_until_it_is_reset
    in_task do
      barrier = Librunner::Barrier.new(2)
      waiter = spawn { barrier.wait }
      turns
      assert_nil barrier.abort
      assert_predicate barrier, :broken?
      assert_raises(Librunner::BrokenBarrierError) { waiter.await }
      error = assert_raises(Librunner::BrokenBarrierError) { barrier.wait }
      assert_equal "RUNNER_EBROKEN", error.code_name
      assert_nil barrier.reset
      refute_predicate barrier, :broken?
      waiter = spawn { barrier.wait }
      assert_equal [0, 1], [barrier.wait, waiter.await].sort
    end
  end

  def test_a_reset_breaks_the_wait_of_those_who_wait
    in_task do
      barrier = Librunner::Barrier.new(2)
      waiter = spawn { barrier.wait }
      turns
      barrier.reset
      assert_raises(Librunner::BrokenBarrierError) { waiter.await }
      refute_predicate barrier, :broken?
    end
  end

  def test_a_cancelled_waiter_does_not_count
    in_task do
      barrier = Librunner::Barrier.new(2)
      waiter = spawn { barrier.wait }
      turns
      waiter.cancel
      assert_raises(Librunner::CancelledError) { waiter.await }
      assert_equal 0, barrier.waiting
    end
  end

  def test_a_barrier_needs_a_party
    [0, -1].each { |parties| assert_raises(ArgumentError) { Librunner::Barrier.new(parties) } }
    [2.0, nil].each { |parties| assert_raises(TypeError) { Librunner::Barrier.new(parties) } }
    in_task { assert_equal 0, Librunner::Barrier.new(1).wait }
  end
end
