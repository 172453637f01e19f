package io.drover.vmm.virtio;

/**
 * The device status and its legal steps (virtio 1.2, 2.1 and 3.1.1).
 *
 * <pre>
 *  0 ─► ACKNOWLEDGE ─► +DRIVER ─► +FEATURES_OK ─► +DRIVER_OK
 *  any ─► 0                       any but 0 ─► +FAILED
 * </pre>
 *
 * The driver takes one step at a time. NEEDS_RESET is the device's to set, and then only a reset, or giving up, is left.
 */
final class DeviceStatus {
    static final int ACKNOWLEDGE = 1;
    static final int DRIVER = 2;
    static final int DRIVER_OK = 4;
    static final int FEATURES_OK = 8;
    static final int NEEDS_RESET = 64;
    static final int FAILED = 128;

    private static final int DRIVER_KNOWN = ACKNOWLEDGE | DRIVER;
    private static final int NEGOTIATED = DRIVER_KNOWN | FEATURES_OK;
    private static final int RUNNING = NEGOTIATED | DRIVER_OK;

    /** What a write of the driver's to the status is. */
    enum Step {
        RESET,
        /** What is so already. */
        STAY,
        /** The status is what was written, as far as features and queues are in order. */
        FORWARD,
        /** The driver gives up. */
        FAIL,
        /** No driver may do this: nothing changes. */
        REFUSED
    }

    private DeviceStatus() {}

    /**
     * The table.
     *
     * @param current
     *            the status as the driver reads it
     * @param written
     *            what it writes
     */
    static Step step(int current, int written) {
        if (written == 0) {
            return Step.RESET;
        }
        // A driver adds its bit to what it has read, or to what it has written before.
        int from = current & ~NEEDS_RESET;
        int to = written & ~NEEDS_RESET;
        if (to == from) {
            return Step.STAY;
        }
        if (from != 0 && to == (from | FAILED)) {
            return Step.FAIL;
        }
        if (current != from) {
            return Step.REFUSED;
        }
        boolean forward = switch (from) {
            case 0 -> to == ACKNOWLEDGE;
            case ACKNOWLEDGE -> to == DRIVER_KNOWN;
            case DRIVER_KNOWN -> to == NEGOTIATED;
            case NEGOTIATED -> to == RUNNING;
            default -> false;
        };
        return forward ? Step.FORWARD : Step.REFUSED;
    }

    /** Whether features may be chosen. */
    static boolean mayNegotiate(int status) {
        return status == DRIVER_KNOWN;
    }

    /** Whether queues may be set up. */
    static boolean maySetUpQueues(int status) {
        return status == NEGOTIATED;
    }

    static boolean isRunning(int status) {
        return status == RUNNING;
    }
}
