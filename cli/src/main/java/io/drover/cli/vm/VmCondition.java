package io.drover.cli.vm;

import io.drover.cli.api.ResourceNames;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmState;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** What a wait is for. */
sealed interface VmCondition {
    boolean isMet(Vm vm, boolean deleted);

    /** A state. */
    record InState(VmState state) implements VmCondition {
        @Override
        public boolean isMet(Vm vm, boolean deleted) {
            return vm.getState() == state;
        }

        @Override
        public String toString() {
            return "state=" + name(state);
        }
    }

    /** An owner. */
    record OnHost(String host) implements VmCondition {
        @Override
        public boolean isMet(Vm vm, boolean deleted) {
            return vm.getHost().equals(ResourceNames.HOST.full(host));
        }

        @Override
        public String toString() {
            return "host=" + host;
        }
    }

    /** Its end. */
    record Deleted() implements VmCondition {
        @Override
        public boolean isMet(Vm vm, boolean deleted) {
            return deleted;
        }

        @Override
        public String toString() {
            return "deleted";
        }
    }

    private static String name(VmState state) {
        return state.name().substring("VM_STATE_".length());
    }

    private static Stream<VmState> states() {
        return Arrays.stream(VmState.values())
                .filter(state -> state != VmState.UNRECOGNIZED && state != VmState.VM_STATE_UNSPECIFIED);
    }

    /** state=RUNNING, host=h1, deleted. */
    final class Converter implements ITypeConverter<VmCondition> {
        @Override
        public VmCondition convert(String text) {
            if (text.equals("deleted")) {
                return new Deleted();
            }
            if (text.startsWith("host=") && text.length() > "host=".length()) {
                return new OnHost(ResourceNames.HOST.id(text.substring("host=".length())));
            }
            return states().filter(state -> text.toUpperCase(Locale.ROOT).equals("STATE=" + name(state))).findFirst()
                    .<VmCondition>map(InState::new).orElseThrow(() -> new TypeConversionException("'" + text
                            + "' is no condition (expected: deleted, host=HOST, or state= one of "
                            + String.join(", ", states().map(VmCondition::name).toList()) + ")"));
        }
    }

    /** For completion. */
    final class Candidates implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Stream.concat(states().map(state -> "state=" + name(state)), List.of("deleted", "host=").stream())
                    .iterator();
        }
    }
}
