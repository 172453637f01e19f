package io.drover.proto.format;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import io.drover.proto.agent.v1.LocalVm;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.state.v1.VmRecord;
import io.drover.proto.state.v1.VmSpec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

final class RecordFormatTest {
    /**
     * Those that programs of the first release know, or know the message that they are in; and those that a program may ignore
     * without harm. What is added without a format belongs in this list only if the latter is true of it.
     */
    private static final String WITHOUT_FORMAT = "fields-without-format.txt";

    @Test
    void recordHasTheFormatOfTheNewestFieldThatIsSet() {
        VmSpec.Builder spec = VmSpec.newBuilder().setVcpus(1);
        VmRecord.Builder record = VmRecord.newBuilder().setVm("web-1").setSpec(spec);
        assertThat(RecordFormat.of(record)).isEqualTo(RecordFormat.FIRST);
        assertThat(RecordFormat.of(record.setSpec(spec.addDisks(VmSpec.Disk.newBuilder().setName("root")))))
                .isEqualTo(2);
        assertThat(RecordFormat.of(record.setSpec(spec.setWatchdogAction(1)))).isEqualTo(6);
        assertThat(RecordFormat.of(record.setSpec(spec.setWatchdogAction(0)).build())).isEqualTo(2);
        assertThat(RecordFormat.of(LocalVm.newBuilder().setStart(StartVmRequest.newBuilder().setVsock(true))))
                .isEqualTo(4);
    }

    @Test
    void newestIsOfTheRecordWithAllThatIsInIt() {
        assertThat(RecordFormat.newest(VmRecord.getDescriptor()))
                .isGreaterThanOrEqualTo(RecordFormat.newest(VmSpec.getDescriptor()));
        assertThat(RecordFormat.newest(VmSpec.getDescriptor())).isGreaterThanOrEqualTo(7)
                .isLessThanOrEqualTo(RecordFormat.newest(StartVmRequest.getDescriptor()));
    }

    @Test
    void everyFieldSaysItsFormatOrIsKnownToNeedNone() throws IOException {
        Set<String> without = new TreeSet<>();
        for (Descriptor record : Set.of(VmRecord.getDescriptor(), LocalVm.getDescriptor())) {
            collect(record, new HashSet<>(), without);
        }
        try (InputStream list = RecordFormatTest.class.getResourceAsStream(WITHOUT_FORMAT)) {
            assertThat(without)
                    .as("a new field needs [(drover.format) = …], or a line in " + WITHOUT_FORMAT
                            + " if older programs may ignore it")
                    .containsExactlyElementsOf(
                            new String(list.readAllBytes(), StandardCharsets.UTF_8).lines().toList());
        }
    }

    @Test
    void whatTheSpecAndTheAgentsIntentBothHaveIsOfOneFormat() {
        Map<String, String> names = Map.of("watchdog_action", "watchdog", "ha_policy", "lease_needed");
        for (FieldDescriptor field : VmSpec.getDescriptor().getFields()) {
            int format = field.getOptions().getExtension(FormatProto.format);
            if (format > 0) {
                FieldDescriptor sameInStart = StartVmRequest.getDescriptor()
                        .findFieldByName(names.getOrDefault(field.getName(), field.getName()));
                assertThat(sameInStart).as(field.getFullName()).isNotNull();
                assertThat(sameInStart.getOptions().getExtension(FormatProto.format)).as(field.getFullName())
                        .isEqualTo(format);
            }
        }
    }

    private static void collect(Descriptor message, Set<Descriptor> seen, Set<String> without) {
        if (!seen.add(message) || !message.getFullName().startsWith("drover.") || message.getOptions().getMapEntry()) {
            return;
        }
        for (FieldDescriptor field : message.getFields()) {
            if (field.getOptions().getExtension(FormatProto.format) == 0) {
                without.add(field.getFullName().substring("drover.".length()));
            }
            if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
                collect(field.getMessageType(), seen, without);
            }
        }
    }
}
