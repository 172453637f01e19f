package io.drover.controller.reconcile;

import io.drover.controller.record.VmId;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/** How long to wait before a VM's step is tried again: longer each time, with a spread, until something succeeds. */
final class Backoff {
    private static final Duration FIRST = Duration.ofMillis(200);
    private static final Duration LAST = Duration.ofSeconds(20);

    private final Map<VmId, Integer> failures = new ConcurrentHashMap<>();

    /** One more failure. */
    Duration next(VmId vm) {
        int count = failures.merge(vm, 1, Integer::sum);
        long millis = Math.min(LAST.toMillis(), FIRST.toMillis() << Math.min(count - 1, 10));
        return Duration.ofMillis(millis / 2 + ThreadLocalRandom.current().nextLong(millis / 2 + 1));
    }

    int failures(VmId vm) {
        return failures.getOrDefault(vm, 0);
    }

    void succeeded(VmId vm) {
        failures.remove(vm);
    }
}
