package io.drover.vmm.machine;

/**
 * Why a machine is paused, which are separate facts: it runs when neither is so.
 *
 * @param asked
 *            somebody asked for it, and nobody has asked for it to run since
 * @param unleased
 *            it holds no lease
 */
public record Pauses(boolean asked, boolean unleased) {
    static final Pauses ASKED = new Pauses(true, false);
    static final Pauses UNLEASED = new Pauses(false, true);

    public Pauses {
        if (!asked && !unleased) {
            throw new IllegalArgumentException("a pause for no reason (expected: at least one)");
        }
    }

    Pauses andAsked() {
        return new Pauses(true, unleased);
    }

    Pauses andUnleased() {
        return new Pauses(asked, true);
    }
}
