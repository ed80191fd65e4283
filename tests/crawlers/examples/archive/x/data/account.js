window.YTD.account.part0 = [
  {
    "account" : {
      "email" : "never.read@example.org",
      "createdVia" : "web",
      "username" : "RiversideClinic",
      "accountId" : "900100200",
      "createdAt" : "2015-03-02T09:00:00.000Z",
      "accountDisplayName" : "Riverside Clinic"
    }
  }
]
