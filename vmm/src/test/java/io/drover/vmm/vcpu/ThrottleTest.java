package io.drover.vmm.vcpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ThrottleTest {
    private final BlockingQueue<Boolean> holds = new LinkedBlockingQueue<>();

    @Test
    void vcpusAreHeldAndLetGoByTurnsAndLetGoAtTheEnd() throws Exception {
        try (Throttle throttle = new Throttle("test", holds::add)) {
            throttle.set(80);
            for (int period = 0; period < 3; period++) {
                assertThat(next()).isTrue();
                long begin = System.nanoTime();
                assertThat(next()).isFalse();
                assertThat(System.nanoTime() - begin).isPositive();
            }
            throttle.set(0);
            holds.clear();
            throttle.set(20);
            assertThat(holds).as("let go before it begins again").isNotNull();
        }
        Boolean last = null;
        for (Boolean hold = holds.poll(1, TimeUnit.SECONDS); hold != null; hold = holds.poll()) {
            last = hold;
        }
        assertThat(last).as("nobody is held after it was closed").isFalse();
    }

    @Test
    void shareThatLeavesNothingIsRefused() {
        try (Throttle throttle = new Throttle("test", holds::add)) {
            assertThatThrownBy(() -> throttle.set(100)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("100 % (expected: 0 to 99)");
        }
    }

    private boolean next() throws InterruptedException {
        Boolean hold = holds.poll(10, TimeUnit.SECONDS);
        assertThat(hold).isNotNull();
        return hold;
    }
}
