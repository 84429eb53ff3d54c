# frozen_string_literal: true

require_relative "helper"

# The option loop_factory.
class TestLoopFactory < LibrunnerTest
  def test_R074_the_factory_is_called_once_and_not_before_the_first_use
    seen = []
    Librunner::Runner.open(loop_factory: seen.method(:<<)) do |runner|
      assert_empty seen
      runner.run {}
      runner.run {}
      loop = runner.loop
      assert_equal [loop], seen
      runner.close
      assert_equal 1, seen.size
    end
  end

  def test_R074_asking_for_the_loop_is_a_use
    seen = []
    Librunner::Runner.open(loop_factory: seen.method(:<<)) do |runner|
      assert_same runner.loop, seen.fetch(0)
      runner.run { assert_same seen.fetch(0), Librunner.current_loop }
      assert_equal 1, seen.size
    end
  end

  def test_R004_without_a_use_it_is_never_called
    Librunner::Runner.open(loop_factory: proc { flunk }) {}
  end

  def test_R075_the_factory_may_use_the_loop
    log = []
    factory = proc do |loop|
      loop.call_soon { log << "soon" }
      loop.call_later(0.001) { log << "later" }
      loop.call_soon_threadsafe { log << "posted" }
      log << loop.debug?
    end
    Librunner.run(loop_factory: factory, debug: false) { Librunner.sleep(0.005) }
    assert_equal [false, "soon", "posted", "later"], log
  end

  def test_R076_if_the_factory_fails_all_is_as_it_was
    error = RuntimeError.new("mine")
    attempts = 0
    factory = proc do
      attempts += 1
      raise error if attempts < 4
    end
    Librunner.run {} # what a process needs once
    before = descriptors
    runner = Librunner::Runner.new(loop_factory: factory)
    assert_same(error, assert_raises(RuntimeError) { runner.run { flunk } })
    assert_same(error, assert_raises(RuntimeError) { runner.loop })
    refute_predicate runner, :closed?
    assert_no_descriptors_left(before)
    assert_same(error, assert_raises(RuntimeError) { runner.run { flunk } })
    assert_equal 1, runner.run { 1 }
    assert_equal 4, attempts
    assert_equal 2, runner.run { 2 }
    assert_equal 4, attempts
    runner.close
    assert_no_descriptors_left(before)
  end

  def test_R076_a_factory_that_has_used_the_loop_is_called_again_too
    attempts = 0
    called = []
    factory = proc do |loop|
      attempts += 1
      attempt = attempts
      loop.call_soon { called << attempt }
      raise "mine" if attempts == 1
    end
    Librunner::Runner.open(loop_factory: factory) do |runner|
      assert_raises(RuntimeError) { runner.run { flunk } }
      assert_equal 1, runner.run { Librunner.yield && nil || 1 }
      assert_equal [1, 2], called # it is the same loop
    end
  end

  def test_R076_R004_after_a_failing_factory_there_is_nothing_to_close
    factory = proc { raise "mine" }
    runner = Librunner::Runner.new(loop_factory: factory)
    assert_raises(RuntimeError) { runner.run { flunk } }
    runner.close
    refute_predicate runner, :closed?
    assert_raises(RuntimeError) { runner.run { flunk } }
  end

  def test_R076_a_loop_that_a_failing_factory_has_used_is_closed
    runner = Librunner::Runner.new(loop_factory: proc { |loop| loop.call_soon {} && nil || raise("mine") })
    assert_raises(RuntimeError) { runner.run { flunk } }
    runner.close
    assert_predicate runner, :closed?
    assert_raises(Librunner::ClosedError) { runner.run { flunk } }
  end

  def test_R013_the_error_of_a_factory_comes_out_of_the_short_form
    error = RuntimeError.new("mine")
    assert_same(error, assert_raises(RuntimeError) do
      Librunner.run(loop_factory: proc { raise error }) { flunk }
    end)
  end

  def test_a_factory_has_to_be_callable
    assert_raises(TypeError) { Librunner::Runner.new(loop_factory: 1) }
  end
end
