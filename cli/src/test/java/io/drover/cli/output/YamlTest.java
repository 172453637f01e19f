package io.drover.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class YamlTest {
    @Test
    void nestedTreesAreIndented() {
        assertThat(Yaml.of(JsonParser.parseString(
                "{a: {b: [1, {c: 'd', e: [[], {}, [true, null]]}]}, f: {}, 'g h': 1.5}"))).isEqualTo("""
                        a:
                          b:
                            - 1
                            - c: d
                              e:
                                - []
                                - {}
                                - - true
                                  - null
                        f: {}
                        g h: 1.5
                        """);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "yes", "NO", "null", "1", "-1", "1e3", "0x1f", "2026-01-01", "a: b", "a #b", "- a",
            "*a", "&a",
            "!a", "a\nb", " a", "a ", "\"", "'", "{", "[", "%a", "@a", "`a", "~", "é", "\u0007"})
    void stringsThatCouldBeTakenForSomethingElseAreQuoted(String value) {
        String yaml = Yaml.of(JsonParser.parseString(Json.compact(new JsonPrimitive(value))));
        assertThat(yaml).startsWith("\"").endsWith("\"\n").hasLineCount(1);
        assertThat(JsonParser.parseString(yaml).getAsString()).isEqualTo(value);
    }

    @ParameterizedTest
    @ValueSource(strings = {"vms/web-1", "VM_STATE_RUNNING", "no host fits"})
    void plainWordsStayPlain(String value) {
        assertThat(Yaml.of(new JsonPrimitive(value))).isEqualTo(value + "\n");
    }
}
