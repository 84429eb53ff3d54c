// Whether two types are the same, not only assignable: `same<typeof value, number>()` is else an error.

type Same<A, B> =
  (<X>() => X extends A ? 1 : 2) extends (<X>() => X extends B ? 1 : 2) ? true : false

export function same<A, B>(..._: Same<A, B> extends true ? [] : ['these are not the same types', A, B]): void {}
