package io.drover.agent.handoff;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class SourceHandOffTest {
    private static final Map<String, SourceHandOff> STATES = new LinkedHashMap<>();

    static {
        STATES.put("Awaiting", new SourceHandOff.Awaiting(HandOffTable.M, new SourceHandOff.Here(true, false)));
        STATES.put("Awaiting(no machine)",
                new SourceHandOff.Awaiting(HandOffTable.M, new SourceHandOff.Here(false, false)));
        STATES.put("Sending", new SourceHandOff.Sending(HandOffTable.M));
        STATES.put("Claiming", new SourceHandOff.Claiming(HandOffTable.M));
        STATES.put("Switching", new SourceHandOff.Switching(HandOffTable.M, true));
        STATES.put("Switching(no machine)", new SourceHandOff.Switching(HandOffTable.M, false));
        STATES.put("Withdrawing",
                new SourceHandOff.Withdrawing(HandOffTable.M, "", new SourceHandOff.Here(true, false)));
        STATES.put("Withdrawing(claimed)",
                new SourceHandOff.Withdrawing(HandOffTable.M, "", new SourceHandOff.Here(true, true)));
        STATES.put("Withdrawing(claimed, no machine)",
                new SourceHandOff.Withdrawing(HandOffTable.M, "", new SourceHandOff.Here(false, true)));
        STATES.put("Kept", new SourceHandOff.Kept(HandOffTable.M, 7));
        STATES.put("Ended", new SourceHandOff.Ended(HandOffTable.M, 7));
        STATES.put("Gone", new SourceHandOff.Gone(HandOffTable.M, ""));
    }

    @Test
    void everyStateMeetsEveryEventAsInTheTable() throws IOException {
        assertThat(HandOffTable.of(STATES)).isEqualTo(HandOffTable.expected("source.txt"));
    }
}
