package io.drover.vmm.virtio;

import static io.drover.vmm.virtio.DeviceStatus.step;
import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.virtio.DeviceStatus.Step;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DeviceStatusTest {
    /** What a driver may write next, besides 0, the same again, and FAILED. */
    private static final Map<Integer, Integer> FORWARD = Map.of(0, 1, 1, 3, 3, 11, 11, 15);

    @Test
    void everyStepThatIsNotInTheTableIsRefused() {
        for (int current : new int[] {0, 1, 3, 11, 15}) {
            for (int written = 0; written < 256; written++) {
                Step expected = written == 0 ? Step.RESET
                        : (written & ~64) == current ? Step.STAY
                                : current != 0 && (written & ~64) == (current | 128) ? Step.FAIL
                                        : Integer.valueOf(written & ~64).equals(FORWARD.get(current)) ? Step.FORWARD
                                                : Step.REFUSED;
                assertThat(step(current, written)).as("%d to %d", current, written).isEqualTo(expected);
            }
        }
    }

    @Test
    void deviceThatNeedsAResetGoesNoFurther() {
        assertThat(step(11 | 64, 15)).isEqualTo(Step.REFUSED);
        assertThat(step(15 | 64, 15 | 64)).isEqualTo(Step.STAY);
        assertThat(step(15 | 64, 15 | 64 | 128)).isEqualTo(Step.FAIL);
        assertThat(step(15 | 64, 0)).isEqualTo(Step.RESET);
    }

    @Test
    void driverThatHasGivenUpCanOnlyReset() {
        for (int written = 1; written < 256; written++) {
            assertThat(step(3 | 128, written)).isIn(Step.STAY, Step.REFUSED);
        }
        assertThat(step(3 | 128, 0)).isEqualTo(Step.RESET);
    }
}
