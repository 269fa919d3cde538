namespace K1s0.EventStore;

/// <summary>Why a peer was not let in.</summary>
public enum PeerRefusal
{
    /// <summary>It showed no certificate.</summary>
    NoCertificate,

    /// <summary>Its certificate is not valid yet, or not any more.</summary>
    OutsideValidity,

    /// <summary>Its certificate is none of those that are known.</summary>
    UnknownCertificate,

    /// <summary>Its certificate was not issued by an authority that is trusted.</summary>
    WrongAuthority,

    /// <summary>Its certificate names no replica, or several.</summary>
    NamesNoReplica,

    /// <summary>Its certificate is that of another replica than the one that was called.</summary>
    WrongReplica,

    /// <summary>It is not the peer that began the session.</summary>
    OtherPeerOfSession,

    /// <summary>The other side refused this one, without saying why.</summary>
    RefusedByPeer,

    /// <summary>No secure connection came about: the other side broke off, or does not speak TLS.</summary>
    NoSecureConnection,
}
