package io.drover.agent.vm;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import io.drover.agent.refusal.Reason;
import io.drover.agent.refusal.RefusedException;

/**
 * Epochs under which this host has said that it does not run a VM and will not. Whoever hears that may give the VM to another
 * host, so the word has to hold: a start under that epoch that was still on its way is refused like the one before it.
 *
 * <p>
 * In memory only: what is on its way to an agent ends with the agent's process. Safe for all threads.
 */
final class SpentEpochs {
    /** More than a host can be asked for while one request is on its way. */
    private static final int MOST = 100_000;

    private record Run(String uid, long epoch) {}

    private final Cache<Run, RefusedException> refusals = CacheBuilder.newBuilder().maximumSize(MOST).build();

    /** Throws the refusal with which the epoch was spent, if it was. */
    void check(String uid, long epoch) throws RefusedException {
        RefusedException refusal = refusals.getIfPresent(new Run(uid, epoch));
        if (refusal != null) {
            throw refusal;
        }
    }

    /** Keeps a refusal of a start, if it is one after which another host may be chosen. */
    void refused(String uid, long epoch, RefusedException refusal) {
        if (isFinal(refusal.reason())) {
            spend(uid, epoch, refusal);
        }
    }

    void spend(String uid, long epoch, RefusedException refusal) {
        refusals.put(new Run(uid, epoch), refusal);
    }

    private static boolean isFinal(Reason reason) {
        return switch (reason) {
            case DRIVER_UNUSABLE, DOES_NOT_FIT, UNBOOTABLE, DISK_FULL, DISK_MISSING, NETWORK_MISSING, PORT_TAKEN,
                    EPOCH_SPENT, SAVED_STATE_MISSING ->
                true;
            // Of a request that is always wrong, or asked again under the same epoch, the host may still do it.
            case BAD_REQUEST, NOT_OWNER, FILE_MISSING, WRONG_SHA256, VM_NOT_FOUND, VM_RUNS, NO_SUCH_MIGRATION,
                    MIGRATING, DEVICES_CHANGING, SUSPENDING, ZOOKEEPER_AWAY, HOST_FAILED ->
                false;
        };
    }
}
