package io.drover.agent.handoff;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class DestinationHandOffTest {
    private static final DestinationHandOff.Here USELESS = new DestinationHandOff.Here(
            new DestinationHandOff.MachineSight.Useless("gone"), false);
    private static final Map<String, DestinationHandOff> STATES = new LinkedHashMap<>();

    static {
        STATES.put("Building", new DestinationHandOff.Building(HandOffTable.M));
        STATES.put("Offering", new DestinationHandOff.Offering(HandOffTable.M, HandOffTable.AT));
        STATES.put("Receiving", new DestinationHandOff.Receiving(HandOffTable.M, Optional.empty()));
        STATES.put("Receiving(switching)",
                new DestinationHandOff.Receiving(HandOffTable.M, Optional.of(HandOffTable.SWITCHING)));
        STATES.put("Committing", new DestinationHandOff.Committing(HandOffTable.M));
        STATES.put("GivingUp", new DestinationHandOff.GivingUp(HandOffTable.M, "", USELESS));
        STATES.put("GivingUp(claimed)", new DestinationHandOff.GivingUp(HandOffTable.M, "",
                new DestinationHandOff.Here(USELESS.machine(), true)));
        STATES.put("Returned(useless)", new DestinationHandOff.Returned(HandOffTable.M, USELESS));
        STATES.put("Returned(receiving)", new DestinationHandOff.Returned(HandOffTable.M, new DestinationHandOff.Here(
                new DestinationHandOff.MachineSight.Receiving(HandOffTable.AT), false)));
        STATES.put("Returned(complete)", new DestinationHandOff.Returned(HandOffTable.M,
                new DestinationHandOff.Here(new DestinationHandOff.MachineSight.Complete(), false)));
        STATES.put("Returned(complete, claimed)", new DestinationHandOff.Returned(HandOffTable.M,
                new DestinationHandOff.Here(new DestinationHandOff.MachineSight.Complete(), true)));
        STATES.put("Arrived", new DestinationHandOff.Arrived(HandOffTable.M, 8));
        STATES.put("Ended", new DestinationHandOff.Ended(HandOffTable.M, 8));
        STATES.put("Gone", new DestinationHandOff.Gone(HandOffTable.M, ""));
    }

    @Test
    void everyStateMeetsEveryEventAsInTheTable() throws IOException {
        assertThat(HandOffTable.of(STATES)).isEqualTo(HandOffTable.expected("destination.txt"));
    }
}
