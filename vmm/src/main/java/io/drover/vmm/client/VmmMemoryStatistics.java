package io.drover.vmm.client;

import io.drover.proto.vmm.v1.MemoryStatistics;
import java.time.Instant;
import java.util.Objects;
import java.util.OptionalLong;

/**
 * How a guest says that it uses its memory, in bytes. What it does not tell is empty.
 *
 * @param free
 *            used for nothing
 * @param total
 *            all that its kernel has
 * @param available
 *            what programs could have without swapping
 * @param caches
 *            of files, which it could have back at once
 */
public record VmmMemoryStatistics(Instant at, OptionalLong free, OptionalLong total, OptionalLong available,
        OptionalLong caches, OptionalLong swappedIn, OptionalLong swappedOut, OptionalLong majorFaults,
        OptionalLong minorFaults) {
    public VmmMemoryStatistics {
        Objects.requireNonNull(at, "at");
    }

    static VmmMemoryStatistics of(MemoryStatistics statistics) {
        return new VmmMemoryStatistics(Instant.ofEpochMilli(statistics.getTimeUnixMillis()),
                optional(statistics.hasFreeBytes(), statistics.getFreeBytes()),
                optional(statistics.hasTotalBytes(), statistics.getTotalBytes()),
                optional(statistics.hasAvailableBytes(), statistics.getAvailableBytes()),
                optional(statistics.hasCachesBytes(), statistics.getCachesBytes()),
                optional(statistics.hasSwappedInBytes(), statistics.getSwappedInBytes()),
                optional(statistics.hasSwappedOutBytes(), statistics.getSwappedOutBytes()),
                optional(statistics.hasMajorFaults(), statistics.getMajorFaults()),
                optional(statistics.hasMinorFaults(), statistics.getMinorFaults()));
    }

    private static OptionalLong optional(boolean told, long value) {
        return told ? OptionalLong.of(value) : OptionalLong.empty();
    }

    MemoryStatistics toProto() {
        MemoryStatistics.Builder statistics = MemoryStatistics.newBuilder().setTimeUnixMillis(at.toEpochMilli());
        free.ifPresent(statistics::setFreeBytes);
        total.ifPresent(statistics::setTotalBytes);
        available.ifPresent(statistics::setAvailableBytes);
        caches.ifPresent(statistics::setCachesBytes);
        swappedIn.ifPresent(statistics::setSwappedInBytes);
        swappedOut.ifPresent(statistics::setSwappedOutBytes);
        majorFaults.ifPresent(statistics::setMajorFaults);
        minorFaults.ifPresent(statistics::setMinorFaults);
        return statistics.build();
    }
}
