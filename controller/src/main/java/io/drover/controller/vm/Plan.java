package io.drover.controller.vm;

import io.drover.controller.problem.Problem;
import io.drover.controller.record.Vm;

/** What a request makes of a VM. */
public sealed interface Plan {
    /** Something else is wanted of it from now on; the task ends when that is so. */
    record Change(Vm next) implements Plan {}

    /** The record changes, and that is all there is to it. */
    record Changed(Vm next) implements Plan {}

    /** The same is wanted already and under way: the task ends with it. */
    record Join() implements Plan {}

    /** It is so already. */
    record Settled() implements Plan {}

    record Refuse(Problem problem) implements Plan {}
}
