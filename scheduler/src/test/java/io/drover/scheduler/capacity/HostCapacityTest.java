package io.drover.scheduler.capacity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.drover.scheduler.capacity.Fit.Lacks;
import org.junit.jupiter.api.Test;

final class HostCapacityTest {
    private static final long MIB = 1L << 20;

    private final HostCapacity capacity = new HostCapacity(4, 1024 * MIB);

    @Test
    void whatFillsTheHostExactlyFits() {
        assertThat(capacity.fits(Reserved.NONE, new Demand(4, 1024 * MIB))).isEqualTo(Fit.FITS);
        assertThat(capacity.fits(Reserved.NONE.plus(new Demand(1, 24 * MIB)), new Demand(3, 1000 * MIB)))
                .isEqualTo(Fit.FITS);
    }

    @Test
    void oneTooMuchLacksOne() {
        assertThat(capacity.fits(Reserved.NONE, new Demand(5, 1))).isEqualTo(new Lacks(Dimension.VCPUS, 4, 5));
        assertThat(capacity.fits(Reserved.NONE, new Demand(1, 1024 * MIB + 1)))
                .isEqualTo(new Lacks(Dimension.MEMORY, 1024 * MIB, 1024 * MIB + 1));
        assertThat(new Lacks(Dimension.VCPUS, 4, 5).lacking()).isEqualTo(1);
    }

    @Test
    void vcpusAreLookedAtFirst() {
        assertThat(capacity.fits(Reserved.NONE, new Demand(5, 2048 * MIB))).isEqualTo(new Lacks(Dimension.VCPUS, 4, 5));
    }

    @Test
    void theGreatestDemandDoesNotOverflow() {
        Demand greatest = new Demand(Demand.MAX_VCPUS, Demand.MAX_MEMORY_BYTES);
        Reserved much = new Reserved(1, 0, Long.MAX_VALUE);

        assertThat(new HostCapacity(Long.MAX_VALUE, 0).fits(much, greatest)).isInstanceOf(Lacks.class);
        assertThat(new HostCapacity(Long.MAX_VALUE, Long.MAX_VALUE).fits(Reserved.NONE, greatest)).isEqualTo(Fit.FITS);
    }

    @Test
    void aLackIsSaidInUnitsThatPeopleRead() {
        assertThat(new Lacks(Dimension.MEMORY, 1536 * MIB, 2048 * MIB).text())
                .isEqualTo("lacks 512 MiB of memory (1.5 GiB free, 2 GiB asked)");
        assertThat(new Lacks(Dimension.MEMORY, -MIB, 4096).text())
                .isEqualTo("lacks 1 MiB of memory (1 MiB promised too much, 4 KiB asked)");
        assertThat(new Lacks(Dimension.MEMORY, 0, 1).text()).isEqualTo("lacks 1 B of memory (0 B free, 1 B asked)");
        assertThat(new Lacks(Dimension.VCPUS, 1, 3).text()).isEqualTo("lacks 2 vCPUs (1 free, 3 asked)");
    }

    @Test
    void overcommitAppliesToWhatTheHostDoesNotKeep() {
        assertThat(HostCapacity.of(3, 1024 * MIB, 512 * MIB, new Overcommit(1.5, 2)))
                .isEqualTo(new HostCapacity(4, 1024 * MIB));
        assertThat(HostCapacity.of(2, 256 * MIB, 512 * MIB, Overcommit.NONE)).isEqualTo(new HostCapacity(2, 0));
    }

    @Test
    void nonsenseIsRefusedWithItsValue() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Demand(0, 1)).withMessageContaining("vcpus : 0");
        assertThatIllegalArgumentException().isThrownBy(() -> new Demand(1, 0))
                .withMessageContaining("memory in bytes : 0");
        assertThatIllegalArgumentException().isThrownBy(() -> new Demand(1, Demand.MAX_MEMORY_BYTES + 1));
        assertThatIllegalArgumentException().isThrownBy(() -> new HostCapacity(-1, 0))
                .withMessageContaining("-1 vCPUs");
        assertThatIllegalArgumentException().isThrownBy(() -> new Overcommit(Double.NaN, 1))
                .withMessageContaining("NaN");
        assertThatIllegalArgumentException().isThrownBy(() -> new Overcommit(1, 0))
                .withMessageContaining("memory overcommit");
        assertThatIllegalArgumentException().isThrownBy(() -> new Lacks(Dimension.VCPUS, 2, 2));
        assertThatIllegalArgumentException().isThrownBy(() -> Reserved.NONE.minus(new Demand(1, 1)));
        assertThatIllegalArgumentException().isThrownBy(() -> HostCapacity.of(-1, 0, 0, Overcommit.NONE));
    }

    @Test
    void memoryInHugePagesAndDedicatedCpusAreCountedApart() {
        HostCapacity capacity = new HostCapacity(4, 1024 * MIB, new Extras(2, 512 * MIB, 0));
        Demand huge = new Demand(2, 512 * MIB, PageSize.HUGE_2M, true);
        assertThat(capacity.fits(Reserved.NONE, huge)).isEqualTo(Fit.FITS);

        Reserved reserved = Reserved.NONE.plus(huge);
        assertThat(reserved).isEqualTo(new Reserved(1, 0, 0, new Extras(2, 512 * MIB, 0)));
        assertThat(capacity.fits(reserved, new Demand(4, 1024 * MIB))).as("a plain VM").isEqualTo(Fit.FITS);
        assertThat(capacity.fits(reserved, new Demand(1, 16 * MIB, PageSize.SMALL, true)))
                .isEqualTo(new Lacks(Dimension.DEDICATED_CPUS, 0, 1));
        assertThat(capacity.fits(reserved, new Demand(1, 16 * MIB, PageSize.HUGE_2M, false)))
                .isEqualTo(new Lacks(Dimension.HUGE_PAGES_2M, 0, 16 * MIB));
        assertThat(new Lacks(Dimension.HUGE_PAGES_1G, 0, 2048 * MIB).text())
                .isEqualTo("lacks 2 GiB in huge pages of 1 GiB (0 B free, 2 GiB asked)");
        assertThat(new Lacks(Dimension.DEDICATED_CPUS, 1, 2).text())
                .isEqualTo("lacks 1 dedicated CPU (1 free, 2 asked)");
        assertThat(reserved.minus(huge)).isEqualTo(Reserved.NONE);
    }

    @Test
    void whatIsSetAsideIsNotPromisedToOthers() {
        assertThat(
                HostCapacity.of(8, 4096 * MIB, 512 * MIB, new Overcommit(4, 1), new Extras(2, 1024 * MIB, 2048 * MIB)))
                .isEqualTo(new HostCapacity(24, 512 * MIB, new Extras(2, 1024 * MIB, 2048 * MIB)));
        assertThat(HostCapacity.of(2, 1024 * MIB, 512 * MIB, Overcommit.NONE, new Extras(2, 1024 * MIB, 0)))
                .isEqualTo(new HostCapacity(0, 0, new Extras(2, 1024 * MIB, 0)));
    }
}
