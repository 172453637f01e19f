package io.drover.agent.share;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.drover.agent.host.CpuList;
import io.drover.agent.host.HostTopology;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class DedicatedCpusTest {
    private static final HostTopology TWO_NODES = new HostTopology(CpuList.parse("0-11"),
            List.of(new HostTopology.Node(0, CpuList.parse("0-5"), 1), new HostTopology.Node(1,
                    CpuList.parse("6-11"), 1)),
            0, 0);
    private static final DedicatedCpus CPUS = new DedicatedCpus(CpuList.parse("2-5,6-11"), TWO_NODES);

    @Test
    void nodeWithTheFewestThatSufficeGivesThem() {
        assertThat(CPUS.allot(List.of(), 2, OptionalInt.empty())).containsExactly(2, 3);
        assertThat(CPUS.allot(List.of(), 5, OptionalInt.empty())).containsExactly(6, 7, 8, 9, 10);
        assertThat(CPUS.allot(List.of(2, 3, 4), 2, OptionalInt.empty())).containsExactly(6, 7);
    }

    @Test
    void vmThatFitsInNoNodeGetsCpusOfSeveralTheFullestFirst() {
        assertThat(CPUS.allot(List.of(), 8, OptionalInt.empty())).containsExactly(6, 7, 8, 9, 10, 11, 2, 3);
        assertThat(CPUS.nodesOf(List.of(11, 2))).containsExactly(0, 1);
    }

    @Test
    void nodeThatIsAskedForGoesFirst() {
        assertThat(CPUS.allot(List.of(), 2, OptionalInt.of(1))).containsExactly(6, 7);
        assertThat(CPUS.allot(List.of(7, 8, 9, 10, 11), 2, OptionalInt.of(1))).containsExactly(6, 2);
    }

    @Test
    void withoutNumaTheLowestAreGiven() {
        DedicatedCpus flat = new DedicatedCpus(CpuList.parse("1-3"),
                new HostTopology(CpuList.parse("0-3"), List.of(), 0, 0));
        assertThat(flat.allot(List.of(1), 2, OptionalInt.empty())).containsExactly(2, 3);
        assertThat(flat.shared()).containsExactly(0);
        assertThatIllegalStateException().isThrownBy(() -> flat.allot(List.of(1), 3, OptionalInt.empty()))
                .withMessageContaining("at most the 2 that are free");
    }

    @Property(tries = 300)
    void noCpuIsGivenTwice(@ForAll Set<@IntRange(max = 11) Integer> taken,
            @ForAll @IntRange(min = 1, max = 10) int count,
            @ForAll @IntRange(min = -1, max = 2) int node) {
        Set<Integer> free = new TreeSet<>(CPUS.cpus());
        free.removeAll(taken);
        if (free.size() < count) {
            return;
        }
        List<Integer> given = CPUS.allot(taken, count, node < 0 ? OptionalInt.empty() : OptionalInt.of(node));
        assertThat(given).hasSize(count).doesNotHaveDuplicates();
        assertThat(free).containsAll(given);
    }
}
