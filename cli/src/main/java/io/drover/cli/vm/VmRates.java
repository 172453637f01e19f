package io.drover.cli.vm;

import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import io.drover.proto.v1.VmDiskUsage;
import io.drover.proto.v1.VmUsage;
import java.util.Optional;
import java.util.function.ToLongFunction;

/**
 * What a VM uses per second, between two samples.
 *
 * @param cpus how many CPUs it keeps busy
 * @param reads of all its disks together, as are the others
 */
record VmRates(double cpus, double reads, double readBytes, double writes, double writtenBytes) {
    /** Empty when the two are not of one run, or not one after the other. */
    static Optional<VmRates> between(VmUsage before, VmUsage after) {
        double seconds = seconds(after.getSampleTime()) - seconds(before.getSampleTime());
        if (!before.getUid().equals(after.getUid()) || !before.getRun().equals(after.getRun()) || seconds <= 0) {
            return Optional.empty();
        }
        double cpus = (seconds(after.getCpuTime()) - seconds(before.getCpuTime())) / seconds;
        return Optional.of(new VmRates(Math.max(0, cpus),
                perSecond(before, after, VmDiskUsage::getReads, seconds),
                perSecond(before, after, VmDiskUsage::getReadBytes, seconds),
                perSecond(before, after, VmDiskUsage::getWrites, seconds),
                perSecond(before, after, VmDiskUsage::getWrittenBytes, seconds)));
    }

    /** A disk that is only in one of the samples was told of by chance, or came or went: it counts from the next on. */
    private static double perSecond(VmUsage before, VmUsage after, ToLongFunction<VmDiskUsage> count, double seconds) {
        long difference = 0;
        for (VmDiskUsage disk : after.getDisksList()) {
            for (VmDiskUsage earlier : before.getDisksList()) {
                if (earlier.getName().equals(disk.getName())) {
                    difference += Math.max(0, count.applyAsLong(disk) - count.applyAsLong(earlier));
                }
            }
        }
        return difference / seconds;
    }

    private static double seconds(Timestamp time) {
        return time.getSeconds() + time.getNanos() / 1e9;
    }

    private static double seconds(Duration time) {
        return time.getSeconds() + time.getNanos() / 1e9;
    }
}
