package io.drover.controller.reconcile;

import java.time.Duration;

/** Counts what the reconciler does. */
public interface ReconcileListener {
    /** One look at one VM, with the step that followed from it. */
    void stepped(Duration took);

    /** A host refused a VM that the scheduler had placed there. */
    void refused();
}
