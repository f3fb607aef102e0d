import { expect, test } from 'vitest'
import { IdleQueue } from '../../../../loadgen-image/send/idle-queue.ts'

test('idle workers are taken first come first served, each in its turn', () => {
  const queue = new IdleQueue(3)
  const taken: number[] = []
  for (const index of [0, 1, 2]) queue.push(index)
  for (let i = 0; i < 7; i++) {
    const index = queue.shift()
    taken.push(index)
    queue.push(index)
  }
  expect(taken).toEqual([0, 1, 2, 0, 1, 2, 0])
})

test('a worker that is queued again while it waits is there once', () => {
  const queue = new IdleQueue(2)
  queue.push(1)
  queue.push(1)
  queue.push(0)
  expect([queue.size, queue.shift(), queue.shift(), queue.shift()]).toEqual([2, 1, 0, -1])
})
