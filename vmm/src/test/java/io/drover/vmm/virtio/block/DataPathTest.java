package io.drover.vmm.virtio.block;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DataPathTest {
    private static final int ROUNDS = 200;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void servingARequestAllocatesNothing(boolean indirect) throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        RequestRig rig = new RequestRig(indirect);
        rig.offer();
        rig.serve();
        long allocated = 0;
        for (int round = 0; round < ROUNDS; round++) {
            rig.offer();
            long before = threads.getCurrentThreadAllocatedBytes();
            rig.serve();
            allocated += threads.getCurrentThreadAllocatedBytes() - before;
        }
        assertThat(rig.usedIndex()).isEqualTo((rig.batch() * (ROUNDS + 1)) & 0xFFFF);
        assertThat(allocated / (double) (ROUNDS * rig.batch())).as("bytes per request").isLessThan(1);
    }
}
