"""Envoy Gateway 1.5."""

from datetime import date

from releases.line import Line

LINE = Line(
    release=(1, 5),
    newest="1.5.9",
    end_of_life=date(2026, 2, 13),
    gateway_api="1.3.0",
    manifests={
        "1.5.0": "b6e4c94be0bd09eed5ee2d5da25bf76c9b7bd8eb6bf863884c104e419f255dcf",
        "1.5.1": "730f18ae10f4f5646048e65f53b7a74344dd5adfffcaeec104aa65b9f1dfde9f",
        "1.5.2": "da0361d8db1f5686b065488986ca14d716a7fec88b1fe7a3592d0b2c81798beb",
        "1.5.3": "1615dd11d1b62aa2e886052a877c738e6b8051efa70ba35a9ae16757b6950f03",
        "1.5.4": "8abef506a1d7642971e31b76912970cf3d693eff93311ec55a0f8eb8512b111f",
        "1.5.5": "5aba6fea185e91bbcae74f907a1a5837b7ebcc1b10eebbc8ab1ffb06a27abe6f",
        "1.5.6": "4c22018edc7859c72b425a4b54fd76baaf6601770663785f3ba679ba3e665cb3",
        "1.5.7": "a50ee99eb7fa310a7896598df94031dd346bfe963abb217bc9c8582b46a062db",
        "1.5.8": "318119773355a6be8415996a62b2beb03bee503e97c67bf3c5beebf62eddfa28",
        "1.5.9": "5d3a54f90807b0978a88cefe9779643ae93f9e0fbbec8bd778e57aa6cd3a963c",
    },
)
