package io.drover.vmm.bench;

import io.drover.vmm.virtio.block.RequestRig;
import java.util.Arrays;

/** Nanoseconds that a block request costs us beside the disk, with a batch of requests in the ring. Arguments: rounds. */
public final class RequestCost {
    private static final int SAMPLES = 11;

    private RequestCost() {}

    public static void main(String[] arguments) throws Exception {
        int rounds = Integer.parseInt(arguments[0]);
        for (boolean indirect : new boolean[] {false, true}) {
            RequestRig rig = new RequestRig(indirect);
            double[] samples = new double[SAMPLES];
            for (int sample = 0; sample < SAMPLES; sample++) {
                long nanos = 0;
                for (int round = 0; round < rounds; round++) {
                    rig.offer();
                    long begin = System.nanoTime();
                    rig.serve();
                    nanos += System.nanoTime() - begin;
                }
                samples[sample] = (double) nanos / rounds / rig.batch();
            }
            Arrays.sort(samples);
            System.out.printf("%s descriptors: %.0f ns a request (median of %d, best %.0f)%n",
                    indirect ? "indirect" : "direct", samples[SAMPLES / 2], SAMPLES, samples[0]);
        }
    }
}
