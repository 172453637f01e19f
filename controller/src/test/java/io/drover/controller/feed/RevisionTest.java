package io.drover.controller.feed;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Revisions come from clients: anything may come. */
final class RevisionTest {
    @Test
    void revisionComesBackAsItWas() {
        Revision revision = new Revision("0123456789abcdef", 42);
        assertThat(Revision.parse(revision.toString())).contains(revision);
    }

    @Property
    void noTextThrows(@ForAll String text) {
        Revision.parse(text).ifPresent(revision -> assertThat(revision.sequence()).isNotNegative());
    }
}
