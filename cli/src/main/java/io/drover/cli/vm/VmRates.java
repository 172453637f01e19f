package io.drover.cli.vm;

import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import io.drover.proto.v1.VmDiskUsage;
import io.drover.proto.v1.VmNicUsage;
import io.drover.proto.v1.VmUsage;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/**
 * What a VM uses per second, between two samples.
 *
 * @param cpus how many CPUs it keeps busy
 * @param reads of all its disks together, as are the others
 * @param receivedBytes of all its nics together; empty when nobody counts for them
 * @param sentBytes as those received
 */
record VmRates(double cpus, double reads, double readBytes, double writes, double writtenBytes,
        OptionalDouble receivedBytes, OptionalDouble sentBytes) {
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
                perSecond(before, after, VmDiskUsage::getWrittenBytes, seconds),
                ofNics(before, after, VmNicUsage::getReceivedBytes, seconds),
                ofNics(before, after, VmNicUsage::getSentBytes, seconds)));
    }

    /** A device that is only in one of the samples was told of by chance, or came or went: it counts from the next on. */
    private static double perSecond(VmUsage before, VmUsage after, ToLongFunction<VmDiskUsage> count, double seconds) {
        return perSecond(before.getDisksList(), after.getDisksList(), VmDiskUsage::getName, count, seconds);
    }

    private static OptionalDouble ofNics(VmUsage before, VmUsage after, ToLongFunction<VmNicUsage> count,
            double seconds) {
        return after.getNicsCount() == 0 ? OptionalDouble.empty()
                : OptionalDouble.of(perSecond(before.getNicsList(), after.getNicsList(), VmNicUsage::getName, count,
                        seconds));
    }

    private static <D> double perSecond(List<D> before, List<D> after, Function<D, String> name,
            ToLongFunction<D> count, double seconds) {
        long difference = 0;
        for (D device : after) {
            for (D earlier : before) {
                if (name.apply(earlier).equals(name.apply(device))) {
                    difference += Math.max(0, count.applyAsLong(device) - count.applyAsLong(earlier));
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
