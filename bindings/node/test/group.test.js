'use strict'

// Task groups: children, errors, what a group refuses.

const assert = require('node:assert')
const { TaskGroup, GroupError, CancelledError, InvalidStateError } = require('..')
const { test, virtual, rejected, thrown, untilCancelled, immediate, real, deferred } = require('./support/virtual')

const first = new Error('first')
const second = new Error('second')

const forever = (task) => task.sleep(Infinity)

// Throws it when it is cancelled.
const failing = (error) => (task) => forever(task).catch(() => { throw error })

test('R156_a_group_waits_for_every_child', async () => {
  await virtual(async (task, { note, lines }) => {
    let a
    let b
    const value = await task.group((group) => {
      a = group.spawn(async (me) => { await me.sleep(20); return 'a' }, { name: 'first' })
      b = group.spawn(async (me) => { await me.sleep(10); return 2 })
      note('body over')
      return 'value'
    })
    note('group over')
    assert.deepStrictEqual(lines, ['0 body over', '20 group over'])
    assert.deepStrictEqual([value, a.name, a.result(), b.result()], ['value', 'first', 'a', 2])
  })
})

test('R156_children_may_be_added_by_children_and_callbacks_while_the_owner_waits', async () => {
  await virtual(async (task, { loop, note, lines }) => {
    await task.group((group) => {
      group.spawn(async (me) => {
        await me.sleep(10)
        group.spawn(async (it) => { await it.sleep(10); note('grandchild over') })
      })
      loop.callLater(5, () => { group.spawn(async (me) => { await me.sleep(30); note('of a callback') }) })
    })
    note('over')
    assert.deepStrictEqual(lines, ['20 grandchild over', '35 of a callback', '35 over'])
  })
})

test('R156_an_empty_group_does_not_wait', async () => {
  await virtual(async (task) => {
    const other = task.spawn(() => 1)
    assert.strictEqual(await task.group(() => 3), 3)
    assert.strictEqual(other.done, false)
  })
})

test('R157_a_cancelled_child_is_no_error', async () => {
  await virtual(async (task, { now }) => {
    await task.group(async (group) => {
      const child = group.spawn(forever)
      group.spawn((me) => me.sleep(20))
      await task.sleep(10)
      assert.strictEqual(child.cancel(), true)
    })
    assert.strictEqual(now(), 20)
    await task.group((group) => { group.spawn(() => { throw new CancelledError() }) })
  })
})

test('R158_a_failing_child_has_its_siblings_and_the_body_cancelled', async () => {
  await virtual(async (task, { note, lines }) => {
    const error = await rejected(task.group(async (group) => {
      group.spawn(async (me) => { await me.sleep(10); throw first })
      group.spawn((me) => untilCancelled(me, async () => { await me.sleep(5); note('sibling over') }))
      await untilCancelled(task, () => note('body over'))
    }), GroupError)
    note('group over')
    assert.deepStrictEqual(lines, ['10 body over', '15 sibling over', '15 group over'])
    assert.deepStrictEqual(error.errors, [first])
    assert.strictEqual(error.errors[0], first)
    assert.strictEqual(error.message, '1 error in a task group: first (Error)')
    assert.strictEqual(error.code, 'RUNNER_EGROUP')
    assert.ok(error instanceof AggregateError)
  })
})

test('R158_errors_come_out_in_the_order_of_the_failures_and_unchanged', async () => {
  await virtual(async (task) => {
    const error = await rejected(task.group((group) => {
      group.spawn(failing(first))
      group.spawn(async (me) => { await me.sleep(10); throw second })
    }), GroupError)
    assert.deepStrictEqual(error.errors.map((it) => it === first), [false, true])
    assert.strictEqual(error.message, '2 errors in a task group: second (Error), first (Error)')
  })
})

test('R158_no_error_is_lost_if_there_are_many', async () => {
  await virtual(async (task) => {
    const errors = Array.from({ length: 100 }, (_, i) => new Error(String(i)))
    const error = await rejected(task.group((group) => { for (const one of errors) group.spawn(() => { throw one }) }), GroupError)
    assert.deepStrictEqual(error.errors.map((it) => it.message), errors.map((it) => it.message))
    assert.ok(error.errors.every((it, i) => it === errors[i]))
  })
})

test('R158_the_errors_of_forgotten_children_survive_the_collector', async () => {
  await virtual(async (task) => {
    const error = await rejected(task.group((group) => {
      group.spawn(async (me) => { await me.sleep(10); throw first })
      group.spawn((me) => untilCancelled(me, async () => {
        for (let i = 0; i < 10; i++) {
          global.gc?.()
          await me.until(immediate())
        }
        throw second
      }))
    }), GroupError)
    assert.deepStrictEqual(error.errors.map((it) => it === first), [true, false])
    assert.strictEqual(error.errors[1], second)
  })
})

test('R158_errors_that_are_no_Error', async () => {
  await virtual(async (task) => {
    for (const value of [undefined, null, 0, 'text', { get message() { throw new Error('no') } }]) {
      const error = await rejected(task.group((group) => { group.spawn(() => { throw value }) }), GroupError)
      assert.strictEqual(error.errors.length, 1)
      assert.strictEqual(error.errors[0], value)
    }
  })
})

test('R158_one_error_of_several_children_is_listed_for_each', async () => {
  await virtual(async (task) => {
    const failed = task.spawn(() => { throw first })
    const error = await rejected(task.group((group) => { for (let i = 0; i < 2; i++) group.spawn(async () => await failed) }), GroupError)
    assert.deepStrictEqual(error.errors, [first, first])
  })
})

test('R159_the_error_of_the_body_cancels_the_children_and_comes_last', async () => {
  await virtual(async (task, { note, lines }) => {
    const error = await rejected(task.group(async (group) => {
      group.spawn((me) => untilCancelled(me, () => { note('child over'); throw first }))
      await task.sleep(10)
      throw second
    }), GroupError)
    assert.deepStrictEqual(lines, ['10 child over'])
    assert.deepStrictEqual(error.errors.map((it) => it.message), ['first', 'second'])
  })
})

test('R159_children_that_have_not_started_never_do', async () => {
  await virtual(async (task) => {
    let child
    await rejected(task.group((group) => {
      child = group.spawn(() => assert.fail('it began'))
      throw first
    }), GroupError)
    assert.strictEqual(child.cancelled, true)
  })
})

test('R159_a_body_that_throws_what_is_no_Error', async () => {
  await virtual(async (task) => {
    for (const value of [undefined, null, 'text']) {
      const error = await rejected(task.group(() => { throw value }), GroupError)
      assert.deepStrictEqual(error.errors, [value])
    }
  })
})

test('R162_the_errors_of_an_inner_group_are_one_error_of_the_outer', async () => {
  await virtual(async (task) => {
    let inner
    const outer = await rejected(task.group((group) => {
      group.spawn((me) => me.group((it) => { it.spawn(failing(first)) }).catch((error) => { inner = error; throw error }))
      group.spawn(async (me) => { await me.sleep(10); throw second })
    }), GroupError)
    assert.deepStrictEqual(outer.errors.map((it) => it === inner), [false, true])
    assert.deepStrictEqual(inner.errors, [first])
  })
})

test('R162_groups_of_one_task_nest', async () => {
  await virtual(async (task) => {
    const outer = await rejected(task.group(async (group) => {
      group.spawn(async (me) => { await me.sleep(10); throw first })
      await task.group((inner) => { inner.spawn(failing(second)) })
    }), GroupError)
    assert.strictEqual(outer.errors[0], first)
    assert.deepStrictEqual(outer.errors[1].errors, [second])
    assert.strictEqual(task.cancelling, 0)
  })
})

test('R165_a_group_that_is_over_takes_no_children', async () => {
  await virtual(async (task) => {
    const left = await task.group((group) => group)
    assert.ok(left instanceof TaskGroup)
    assert.strictEqual(thrown(() => left.spawn(() => 1), InvalidStateError).code, 'RUNNER_EFINISHED')
    assert.strictEqual(left.cancel(), undefined)
  })
})

test('R165_a_group_that_is_being_cancelled_takes_no_children', async () => {
  await virtual(async (task) => {
    const error = await rejected(task.group(async (group) => {
      group.spawn(() => { throw first })
      await rejected(forever(task), CancelledError)
      const refused = thrown(() => group.spawn(() => assert.fail('it began')), InvalidStateError)
      assert.strictEqual(refused.code, 'RUNNER_EABORTING')
    }), GroupError)
    assert.deepStrictEqual(error.errors, [first])
  })
})

test('R166_a_group_needs_a_body_and_its_children_functions', async () => {
  await virtual(async (task) => {
    for (const body of [undefined, null, 5, {}]) await rejected(task.group(body), TypeError)
    await task.group((group) => { thrown(() => group.spawn(5), TypeError) })
  })
})

test('R167_a_group_ends_though_its_children_never_stop_spawning', async () => {
  await virtual(async (task) => {
    let spawned = 0
    const error = await rejected(task.group(async (group) => {
      const breed = async (me) => {
        spawned++
        await me.sleep(10).catch(() => {})
        group.spawn(breed)
      }
      group.spawn(breed)
      await task.sleep(35)
      throw first
    }), GroupError)
    assert.ok(error.errors[0] instanceof InvalidStateError)
    assert.deepStrictEqual([error.errors.length, error.errors[1], spawned], [2, first, 4])
  })
})

test('a_child_whose_error_the_group_has_may_be_asked_for_it_too', async () => {
  await virtual(async (task) => {
    let child
    const error = await rejected(task.group(async (group) => {
      child = group.spawn(() => { throw first })
      await rejected(task.until(child), CancelledError) // the group's cancel comes before the outcome
      await rejected(task.until(child), first)
    }), GroupError)
    assert.deepStrictEqual(error.errors, [first])
    assert.strictEqual(child.exception(), first)
  })
})

// ---- what is special to promises ------------------------------------------------------------------

test('a_body_that_is_astray_when_a_child_fails_is_told_at_its_next_wait', async () => {
  await virtual(async (task) => {
    const error = await rejected(task.group(async (group) => {
      group.spawn(() => { throw first })
      await real(2)
      await rejected(task.sleep(5), CancelledError)
      return 'dropped'
    }), GroupError)
    assert.deepStrictEqual(error.errors, [first])
    assert.strictEqual(task.cancelling, 0)
    await task.sleep(1)
  })
})

test('a_body_that_ends_astray_without_another_wait_when_a_child_has_failed', async () => {
  await virtual(async (task) => {
    const error = await rejected(task.group(async (group) => {
      group.spawn(() => { throw first })
      await real(2)
      return 'dropped'
    }), GroupError)
    assert.deepStrictEqual(error.errors, [first])
    assert.strictEqual(task.cancelling, 0)
    await task.sleep(1)
  })
})

test('a_child_that_is_astray_when_its_sibling_fails', async () => {
  await virtual(async (task) => {
    const log = []
    const gate = deferred()
    const error = await rejected(task.group((group) => {
      group.spawn(async (me) => {
        await gate.promise
        log.push('back', me.cancelling, me.signal.aborted)
        await me.sleep(1000)
        log.push('never')
      })
      group.spawn(() => {
        setTimeout(gate.resolve, 2)
        throw first
      })
    }), GroupError)
    assert.deepStrictEqual(error.errors, [first])
    assert.deepStrictEqual(log, ['back', 1, true])
  })
})

test('children_are_awaited_in_the_body', async () => {
  await virtual(async (task) => {
    const sum = await task.group(async (group) => {
      const children = [1, 2, 3].map((i) => group.spawn(async (me) => { await me.sleep(i); return i }))
      let total = 0
      for (const child of children) total += await child
      return total + (await Promise.all(children)).length
    })
    assert.strictEqual(sum, 9)
  })
})

test('a_child_that_is_awaited_in_the_body_and_fails', async () => {
  await virtual(async (task) => {
    const error = await rejected(task.group(async (group) => await group.spawn(async (me) => { await me.sleep(1); throw first })), GroupError)
    assert.ok(error.errors.includes(first))
    assert.strictEqual(task.cancelling, 0)
  })
})

test('a_group_begun_by_one_task_is_filled_by_another', async () => {
  await virtual(async (task) => {
    const log = []
    await task.group(async (group) => {
      const other = task.spawn(async (me) => { group.spawn(async (it) => { await it.sleep(5); log.push('child') }); await me.sleep(1) })
      await other
    })
    assert.deepStrictEqual(log, ['child'])
  })
})

test('a_group_is_filled_by_code_that_has_no_turn', async () => {
  await virtual(async (task) => {
    const log = []
    await task.group(async (group) => {
      setImmediate(() => group.spawn(async (me) => { await me.sleep(1); log.push('child') }))
      await task.until(immediate().then(immediate))
    })
    assert.deepStrictEqual(log, ['child'])
  })
})
