/// Who may look into the gateway and change it.
package struct Administrator: Sendable {
    /// As logs call it: the id of an admin key, a consumer, or `local`.
    package let name: String
    /// Whose rights are asked for each thing; `nil` for those who may do everything.
    package let limited: Principal?
    package let place: AccessPlace

    /// Somebody who may do everything.
    package init(name: String, place: AccessPlace) {
        self.name = name
        self.place = place
        limited = nil
    }

    /// A consumer that may do what its rules say.
    package init(_ principal: Principal, place: AccessPlace) {
        name = principal.name
        self.place = place
        limited = principal
    }
}
