package io.drover.controller.list;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.controller.problem.ProblemException;
import java.util.Map;
import java.util.function.Function;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The filter's grammar, and page tokens. */
final class FilterTest {
    private static final Map<String, Function<Map<String, String>, String>> FIELDS = Map.of("state",
            item -> item.get("state"), "name", item -> item.get("name"));
    private static final Map<String, String> ITEM = Map.of("state", "RUNNING", "name", "vms/web AND more");

    private static boolean matches(String filter) throws ProblemException {
        return Filter.parse(filter, FIELDS).test(ITEM);
    }

    @Test
    void termsAreJoinedByAnd() throws Exception {
        assertThat(matches("")).isTrue();
        assertThat(matches("state = RUNNING")).isTrue();
        assertThat(matches("state=RUNNING AND name:web")).isTrue();
        assertThat(matches("state = RUNNING AND name : \"web AND\"")).isTrue();
        assertThat(matches("state != RUNNING")).isFalse();
        assertThat(matches("state = \"STOPPED\"")).isFalse();
        assertThat(matches(" name = \"vms/web AND more\" ")).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"state", "state =", "= RUNNING", "state = RUNNING name : web", "state = RUNNING AND",
            "AND state = X",
            "state ~ RUNNING", "colour = red", "state = \"open", "state = RUNNING OR name : web"})
    void whatIsNotUnderstoodIsRefused(String filter) {
        assertThatThrownBy(() -> matches(filter)).isInstanceOf(ProblemException.class).hasMessageContaining("filter");
    }

    @Property
    void noFilterThrowsUnchecked(@ForAll String filter) {
        try {
            boolean _ = matches(filter);
        } catch (ProblemException expected) {
            assertThat(expected).hasMessageContaining("filter");
        }
    }

    @Property
    void noPageTokenThrowsUnchecked(@ForAll String token) {
        try {
            assertThat(PageToken.decode(token, "vms", "").isEmpty()).isEqualTo(token.isEmpty());
        } catch (ProblemException expected) {
            assertThat(expected).hasMessageContaining("page_token");
        }
    }

    @Test
    void tokenIsOfItsListAndFilter() throws Exception {
        String token = new PageToken("vms", "state = RUNNING", "web-1").encode();
        assertThat(PageToken.decode(token, "vms", "state = RUNNING")).contains("web-1");
        assertThatThrownBy(() -> PageToken.decode(token, "vms", "")).isInstanceOf(ProblemException.class);
        assertThatThrownBy(() -> PageToken.decode(token, "tasks", "state = RUNNING"))
                .isInstanceOf(ProblemException.class);
    }
}
