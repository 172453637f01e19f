package io.drover.vmm.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class PageSetTest {
    @Property(tries = 200)
    void isAsASetOfNumbers(@ForAll @IntRange(min = 1, max = 300) int pages,
            @ForAll List<@IntRange(max = 299) Integer> added, @ForAll List<@IntRange(max = 299) Integer> removed) {
        PageSet set = new PageSet(pages);
        BitSet model = new BitSet();
        for (int page : added) {
            if (page < pages) {
                set.add(page);
                model.set(page);
            }
        }
        for (int page : removed) {
            if (page < pages) {
                set.remove(page);
                model.clear(page);
            }
        }
        assertSame(set, model);

        PageSet other = new PageSet(pages);
        other.addAll(set);
        assertSame(other, model);
        other.clear();
        set.drainTo(other);
        assertSame(other, model);
        assertSame(set, new BitSet());
        set.addAll();
        model.set(0, pages);
        assertSame(set, model);
    }

    private static void assertSame(PageSet set, BitSet model) {
        assertThat(set.count()).isEqualTo(model.cardinality());
        int page = model.nextSetBit(0);
        for (long found = set.next(0); found >= 0; found = set.next(found + 1)) {
            assertThat(found).isEqualTo(page);
            assertThat(set.contains(found)).isTrue();
            page = model.nextSetBit(page + 1);
        }
        assertThat(page).isEqualTo(-1);
    }

    @Test
    void bitsOfTheKernelAreTakenBehindARegionOfAnyLength() {
        DirtyBitmap bitmap = new DirtyBitmap(3);
        bitmap.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 0b110);
        for (long first : new long[] {0, 1, 63, 64, 127}) {
            PageSet set = new PageSet(130);
            bitmap.addTo(set, first);
            assertThat(set.count()).isEqualTo(2);
            assertThat(set.contains(first + 1)).isTrue();
            assertThat(set.contains(first + 2)).isTrue();
        }
    }
}
